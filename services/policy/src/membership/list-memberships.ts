import { listPage, refuse } from '@portcullis/resource';
import { checkName, quote, type ResourceName, type Selection, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { memberships, ofGroup } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { nicNames, projectNames, securityGroupNames } from '../names.js';

export function listMemberships({ store }: Dependencies): Handlers['listMemberships'] {
  return async (request) => {
    const { parent, securityGroup, nic } = request;
    const violations = new Violations();
    checkName(violations, 'parent', parent, projectNames);
    checkFilter(violations, { field: 'security_group', value: securityGroup, names: securityGroupNames, parent });
    checkFilter(violations, { field: 'nic', value: nic, names: nicNames, parent });
    refuse(violations);
    const selection: Selection = {
      ...(securityGroup === '' ? { prefix: `${parent}/securityGroups/` } : ofGroup(securityGroup)),
      ...(nic === '' ? {} : { link: { name: 'nic', target: nic } }),
    };
    const scope = `${parent}/memberships ${securityGroup} ${nic}`;
    const { items, nextPageToken } = await listPage(store, memberships, { request, selection, scope });
    return { memberships: items, nextPageToken };
  };
}

interface Filter {
  readonly field: string;
  readonly value: string;
  readonly names: ResourceName<'project' | 'security_group'> | ResourceName<'project' | 'nic'>;
  readonly parent: string;
}

/** A filter is empty, or a name in the project that is listed. */
function checkFilter(violations: Violations, { field, value, names, parent }: Filter): void {
  if (value === '') return;
  const ids = checkName<'project'>(violations, field, value, names as ResourceName<'project'>);
  if (ids === undefined || projectNames.format(ids) === parent) return;
  violations.add(field, 'PROJECT_MISMATCH', `${quote(value)} is not of ${parent}`);
}
