import { type FieldViolation, invalidArgument } from '@portcullis/rpc';

const id = '[a-z][a-z0-9-]{0,62}';
const forms = {
  host: { template: 'hosts/{host}', pattern: new RegExp(`^hosts/${id}$`) },
  nic: { template: 'projects/{project}/nics/{nic}', pattern: new RegExp(`^projects/${id}/nics/${id}$`) },
  securityGroup: {
    template: 'projects/{project}/securityGroups/{security_group}',
    pattern: new RegExp(`^projects/${id}/securityGroups/${id}$`),
  },
  rule: {
    template: 'projects/{project}/securityGroups/{security_group}/rules/{rule}',
    pattern: new RegExp(`^projects/${id}/securityGroups/${id}/rules/${id}$`),
  },
} as const;
type Kind = keyof typeof forms;

/** Names in an error, which is one line of a trailer. */
const maxQuoted = 80;

/** Violations in one error, of which fewer arrive. */
const maxTold = 100;

/** What is wrong with the names in a request, if anything is. */
export function nameViolations(field: string, name: string, kind: Kind): FieldViolation[] {
  const { template, pattern } = forms[kind];
  if (pattern.test(name)) return [];
  if (name === '') return [{ field, reason: 'FIELD_REQUIRED', description: `is required: ${template}` }];
  const description = `${quote(name)} is not of the form ${template}`;
  return [{ field, reason: 'NAME_MALFORMED', description }];
}

/** Throws INVALID_ARGUMENT for a name of anything else. */
export function requireName(field: string, name: string, kind: Kind): void {
  requireNames([{ field, name }], kind);
}

/** Throws INVALID_ARGUMENT with each that is a name of anything else. */
export function requireNames(named: readonly { readonly field: string; readonly name: string }[], kind: Kind): void {
  const violations: FieldViolation[] = [];
  for (const { field, name } of named) {
    violations.push(...nameViolations(field, name, kind));
    // A request has room for a million.
    if (violations.length >= maxTold) break;
  }
  if (violations.length > 0) throw invalidArgument(violations);
}

/** A value as an error shows it. */
export function quote(text: string): string {
  return JSON.stringify(text.length <= maxQuoted ? text : `${text.slice(0, maxQuoted - 3)}...`);
}
