import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { notFound } from '@portcullis/rpc';
import type { Reading } from '@portcullis/store';
import { type Collection, checkName, type ResourceName, Violations } from '@portcullis/store/resource';
import { noneFound, refuse } from './api-errors.js';

/** The ids of a name that a request must have. Throws INVALID_ARGUMENT. */
export function requireName<Part extends string>(
  field: string,
  value: string,
  names: ResourceName<Part>,
): Record<Part, string> {
  const violations = new Violations();
  const ids = checkName(violations, field, value, names);
  refuse(violations);
  return ids as Record<Part, string>;
}

/** What is stored under a name. Throws NOT_FOUND. */
export async function existing<Desc extends DescMessage>(
  reading: Reading,
  collection: Collection<Desc>,
  name: string,
): Promise<MessageShape<Desc>> {
  const found = await collection.get(reading, name);
  if (found === undefined) throw notFound(name);
  return found;
}

/** Throws NOT_FOUND with the name of everything that is not there. */
export function refuseMissing(wanted: readonly { readonly name: string; readonly found: unknown }[]): void {
  const missing = wanted.flatMap(({ name, found }) => (found === undefined ? [name] : []));
  if (missing.length > 0) throw noneFound(missing);
}
