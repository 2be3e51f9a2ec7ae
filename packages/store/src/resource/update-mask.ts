import type { DescMessage } from '@bufbuild/protobuf';
import { quote, type Violations } from './violations.js';

/** Reads an `update_mask`: which of the fields that can change are to. A violation for every path that is not one of them. */
export function checkUpdateMask<const Path extends string>(
  violations: Violations,
  mask: { readonly paths: readonly string[] } | undefined,
  { message, mutable }: { message: DescMessage; mutable: readonly Path[] },
): ReadonlySet<Path> {
  const field = 'update_mask';
  const allowed = `allowed are ${mutable.join(', ')}`;
  if (mask === undefined || mask.paths.length === 0) violations.add(field, 'FIELD_REQUIRED', `is required: ${allowed}`);
  const paths = new Set<Path>();
  for (const path of mask?.paths ?? []) {
    if ((mutable as readonly string[]).includes(path)) paths.add(path as Path);
    else if (message.fields.some(({ name }) => name === path)) {
      violations.add(field, 'FIELD_IMMUTABLE', `${quote(path)} cannot be changed: ${allowed}`);
    } else {
      violations.add(field, 'FIELD_UNKNOWN', `${quote(path)} is not a field of ${message.name}: ${allowed}`);
    }
  }
  return paths;
}
