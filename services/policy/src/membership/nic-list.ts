import { refuse } from '@portcullis/resource';
import { checkCount, checkName, quote, Violations } from '@portcullis/store/resource';
import { nicNames, projectNames, securityGroupNames } from '../names.js';

const maxNics = 500;

/** Reads what AddNics and RemoveNics have in common. NICs are of the group's project. */
export function checkNics(securityGroup: string, nics: readonly string[]): void {
  const violations = new Violations();
  const project = checkName(violations, 'security_group', securityGroup, securityGroupNames)?.project;
  checkCount(violations, 'nics', nics.length, { min: 1, max: maxNics });
  for (const [i, nic] of nics.slice(0, maxNics).entries()) {
    const ids = checkName(violations, `nics[${i}]`, nic, nicNames);
    if (ids === undefined || project === undefined || ids.project === project) continue;
    const description = `${quote(nic)} is not of ${projectNames.format({ project })}`;
    violations.add(`nics[${i}]`, 'PROJECT_MISMATCH', description);
  }
  refuse(violations);
}
