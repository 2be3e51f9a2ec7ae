import { checkName, quote, resourceName, type Violations } from '@portcullis/store/resource';

const projectNames = resourceName('projects/{project}');

/** The parent of a batch. */
export function checkProject(violations: Violations, parent: string): void {
  checkName(violations, 'parent', parent, projectNames);
}

/** A name must be of the project of its batch. One that is of no project at all is malformed, which is found elsewhere. */
export function checkInProject(
  violations: Violations,
  { field, name, parent }: { field: string; name: string; parent: string },
): void {
  const project = /^projects\/[^/]+/.exec(name)?.[0];
  if (project === undefined || project === parent || projectNames.parse(parent) === undefined) return;
  violations.add(field, 'PROJECT_MISMATCH', `${quote(name)} is not of ${parent}`);
}
