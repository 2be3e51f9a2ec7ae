import { checkCount, checkText, quote, type Violations } from '@portcullis/store/resource';

/** In characters. */
export const maxDisplayNameLength = 256;
const maxDescriptionLength = 1024;

const maxLabels = 64;
const keyPattern = /^[a-z][a-z0-9_.-]{0,62}$/;
const valuePattern = /^[A-Za-z0-9_.-]{0,63}$/;

/** What callers note on a resource for themselves; it changes nothing about what is enforced. */
export interface Annotations {
  readonly description: string;
  readonly labels: Record<string, string>;
}

/** Paths of them in an update mask. */
export const annotationPaths = ['description', 'labels'] as const;

/** Those of a resource that are in `paths`, labels by key. `field` is the path of the resource in the request. */
export function readAnnotations(
  violations: Violations,
  field: string,
  { description, labels, paths = new Set(annotationPaths) }: Annotations & { readonly paths?: ReadonlySet<string> },
): Partial<Annotations> {
  const hasDescription = paths.has('description');
  const hasLabels = paths.has('labels');
  if (hasDescription) checkText(violations, `${field}.description`, description, maxDescriptionLength);
  if (hasLabels) checkLabels(violations, `${field}.labels`, labels);
  return { ...(hasDescription && { description }), ...(hasLabels && { labels: sorted(labels) }) };
}

function checkLabels(violations: Violations, field: string, labels: Record<string, string>): void {
  const entries = Object.entries(labels);
  checkCount(violations, field, entries.length, { max: maxLabels });
  for (const [key, value] of entries.slice(0, maxLabels)) {
    if (!keyPattern.test(key)) {
      const allowed = 'a letter a-z, then up to 62 of a-z 0-9 _ . -';
      violations.add(field, 'LABEL_KEY_MALFORMED', `${quote(key)} is not a key: ${allowed}`);
    }
    if (!valuePattern.test(value)) {
      const allowed = 'at most 63 of A-Z a-z 0-9 _ . -';
      violations.add(field, 'LABEL_VALUE_MALFORMED', `${quote(value)} is not a value: ${allowed}`);
    }
  }
}

/** Clients send maps in any order; what is stored, and its etag, depends on what they say only. */
function sorted(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
