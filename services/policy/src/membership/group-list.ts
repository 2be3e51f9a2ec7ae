import type { policyV1 } from '@portcullis/api';
import { refuseMissing } from '@portcullis/resource';
import type { Reading } from '@portcullis/store';
import { checkCount, checkName, quote, type Violations } from '@portcullis/store/resource';
import { securityGroups } from '../documents.js';
import { projectNames, securityGroupNames } from '../names.js';

export interface GroupList {
  readonly names: readonly string[];
  /** They are of this project, if it is known. */
  readonly project: string | undefined;
  readonly min: number;
  readonly max: number;
}

/** Reads `security_groups` of a request. */
export function checkGroups(violations: Violations, { names, project, min, max }: GroupList): void {
  checkCount(violations, 'security_groups', names.length, { min, max });
  for (const [i, name] of names.slice(0, max).entries()) {
    const ids = checkName(violations, `security_groups[${i}]`, name, securityGroupNames);
    if (ids === undefined || project === undefined || ids.project === project) continue;
    const description = `${quote(name)} is not of ${projectNames.format({ project })}`;
    violations.add(`security_groups[${i}]`, 'PROJECT_MISMATCH', description);
  }
}

/** Each once, in the order of first mention. Throws NOT_FOUND. */
export async function existingGroups(reading: Reading, names: readonly string[]): Promise<policyV1.SecurityGroup[]> {
  const found = await securityGroups.getMany(reading, names);
  const unique = [...new Set(names)];
  refuseMissing(unique.map((name) => ({ name, found: found.get(name) })));
  return unique.flatMap((name) => found.get(name) ?? []);
}
