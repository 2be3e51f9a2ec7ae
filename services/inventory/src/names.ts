import { resourceName } from '@portcullis/store/resource';

/** Names of what inventory owns. */
export const projectNames = resourceName('projects/{project}');
export const networkNames = resourceName('projects/{project}/networks/{network}');
export const hostNames = resourceName('hosts/{host}');
export const vmInstanceNames = resourceName('projects/{project}/vmInstances/{vm_instance}');
export const nicNames = resourceName('projects/{project}/nics/{nic}');
export const nicBindingNames = resourceName('projects/{project}/nics/{nic}/bindings/{host}');
