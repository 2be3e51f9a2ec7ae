import { refuse } from '@portcullis/resource';
import { checkName, Violations } from '@portcullis/store/resource';
import { vmInstanceNames } from '../names.js';
import { checkGroups } from './group-list.js';

const maxGroups = 100;

/** Reads what AddVmInstance and RemoveVmInstance have in common. */
export function checkVmInstance({
  vmInstance,
  securityGroups,
}: {
  vmInstance: string;
  securityGroups: string[];
}): void {
  const violations = new Violations();
  const project = checkName(violations, 'vm_instance', vmInstance, vmInstanceNames)?.project;
  checkGroups(violations, { names: securityGroups, project, min: 1, max: maxGroups });
  refuse(violations);
}
