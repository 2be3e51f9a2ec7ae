import type { DescMessage } from '@bufbuild/protobuf';
import { checkCount } from './field-checks.js';
import { quote, type Violations } from './violations.js';

/** Of one mask: more than any message has fields. */
const maxPaths = 100;

/** Reads an `update_mask`: which of the fields that can change are to. A violation for every path that is not one of them. */
export function checkUpdateMask<const Path extends string>(
  violations: Violations,
  mask: { readonly paths: readonly string[] } | undefined,
  { message, mutable }: { message: DescMessage; mutable: readonly Path[] },
): ReadonlySet<Path> {
  const field = 'update_mask';
  const allowed = `allowed are ${mutable.join(', ')}`;
  if (mask === undefined || mask.paths.length === 0) violations.add(field, 'FIELD_REQUIRED', `is required: ${allowed}`);
  const sent = mask?.paths ?? [];
  checkCount(violations, field, sent.length, { max: maxPaths });
  const paths = new Set<Path>();
  for (const path of sent.slice(0, maxPaths)) {
    if ((mutable as readonly string[]).includes(path)) paths.add(path as Path);
    else if (message.fields.some(({ name }) => name === path)) {
      violations.add(field, 'FIELD_IMMUTABLE', `${quote(path)} cannot be changed: ${allowed}`);
    } else {
      violations.add(field, 'FIELD_UNKNOWN', `${quote(path)} is not a field of ${message.name}: ${allowed}`);
    }
  }
  return paths;
}
