import type { DescEnum } from '@bufbuild/protobuf';
import type { ResourceName } from './resource-name.js';
import { resourceIdPattern } from './resource-name.js';
import { quote, type Violations } from './violations.js';

/** Free text of at most `maxLength` characters. */
export function checkText(violations: Violations, field: string, value: string, maxLength: number): void {
  const { length } = [...value];
  if (length > maxLength) violations.add(field, 'TEXT_TOO_LONG', `has ${length} characters; the most is ${maxLength}`);
}

/** An id that the caller chooses; empty leaves the choice to the service. */
export function checkOptionalId(violations: Violations, field: string, value: string): void {
  if (value === '' || resourceIdPattern.test(value)) return;
  const allowed = "1-63 of a-z, 0-9 and '-', beginning with a letter";
  violations.add(field, 'RESOURCE_ID_MALFORMED', `${quote(value)} is not an id: ${allowed}`);
}

/** A name that must be there. Returns its ids, or undefined after a violation. */
export function checkName<Part extends string>(
  violations: Violations,
  field: string,
  value: string,
  names: ResourceName<Part>,
): Record<Part, string> | undefined {
  if (value === '') {
    violations.add(field, 'FIELD_REQUIRED', `is required: ${names.template}`);
    return undefined;
  }
  const ids = names.parse(value);
  if (ids === undefined)
    violations.add(field, 'NAME_MALFORMED', `${quote(value)} is not of the form ${names.template}`);
  return ids;
}

/** A value of an enum that this version knows. Zero, `…_UNSPECIFIED`, is allowed unless the field is required. */
export function checkEnum(
  violations: Violations,
  field: string,
  value: number,
  { desc, required = false }: { desc: DescEnum; required?: boolean },
): void {
  const allowed = () => desc.values.flatMap(({ name, number }) => (number === 0 ? [] : [name])).join(', ');
  if (value === 0 && required) violations.add(field, 'FIELD_REQUIRED', `is required: one of ${allowed()}`);
  else if (!desc.values.some(({ number }) => number === value)) {
    violations.add(field, 'ENUM_VALUE_UNKNOWN', `${value} is not known: one of ${allowed()}`);
  }
}

/** A list with a number of items between `min` and `max`. Only `max` of them need to be looked at: a request has room for a million. */
export function checkCount(
  violations: Violations,
  field: string,
  count: number,
  { min = 0, max }: { min?: number; max: number },
): void {
  if (count >= min && count <= max) return;
  violations.add(field, 'ITEM_COUNT_OUT_OF_RANGE', `has ${count} items; ${min}-${max} are allowed`);
}
