import { checkName, quote, type ResourceName, type Violations } from '@portcullis/store/resource';
import { projectNames } from '../names.js';

/** The name of a group, of security or of addresses, as the peer of a rule of the project; an empty project is wrong already. */
export function checkPeerName(
  violations: Violations,
  field: string,
  { name, names, project }: { name: string; names: ResourceName<'project'>; project: string },
): void {
  const ids = checkName(violations, field, name, names);
  if (ids === undefined || project === '' || ids.project === project) return;
  violations.add(field, 'PROJECT_MISMATCH', `${quote(name)} is not of ${projectNames.format({ project })}`);
}
