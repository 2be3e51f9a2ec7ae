import { parseCidr } from '@portcullis/model';
import { invalidArgument } from '@portcullis/rpc';
import { quote } from '@portcullis/store/resource';
import { z } from 'zod';

/** JSON text as a schema has it. Throws INVALID_ARGUMENT that names each place. */
export function readDocument<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> {
  return readJson(parseJson(text), schema);
}

/** The same of what was parsed already; `placeOf` tells where in the document a path of it is. */
export function readJson<Schema extends z.ZodType>(
  json: unknown,
  schema: Schema,
  placeOf = (path: string) => path,
): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw invalidArgument(
    parsed.error.issues.map(({ path, message }) => ({
      field: ['document', placeOf(pathOf(path))].filter((part) => part !== '').join('.'),
      reason: 'DOCUMENT_MALFORMED',
      description: message,
    })),
  );
}

/** Throws INVALID_ARGUMENT. */
export function parseJson(text: string): unknown {
  const json = parse(text);
  refuseManyValues(json);
  return json;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const description = `is not JSON: ${error instanceof Error ? error.message : ''}`;
    throw invalidArgument([{ field: 'document', reason: 'DOCUMENT_MALFORMED', description }]);
  }
}

/** Something may be wrong with each value, and costs memory then: a document can say a million of them in two bytes each. */
const maxValues = 300_000;

function refuseManyValues(json: unknown): void {
  const waiting: unknown[] = [json];
  for (let count = 1; waiting.length > 0; count += 1) {
    if (count + waiting.length > maxValues) throw tooLarge('', `holds more than ${maxValues} values`);
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const part of Object.values(value)) waiting.push(part);
  }
}

/** What a document may stand for: groups and rules, and what they are made of. */
const maxItems = 10_000;

/** Throws INVALID_ARGUMENT where a document stands for more than can be made at once. `path` is the place that says the last. */
export function refuseManyItems(count: number, path = ''): void {
  if (count > maxItems) throw tooLarge(path, `stands for more than ${maxItems} groups and rules`);
}

/** Counts the rules that are made of a document, before they are made: few words may stand for many. */
export class RuleCount {
  #count = 0;

  /** See `refuseManyItems`. */
  add(count: number, path: string): void {
    this.#count += count;
    refuseManyItems(this.#count, path);
  }
}

function tooLarge(path: string, description: string) {
  const field = path === '' ? 'document' : `document.${path}`;
  return invalidArgument([{ field, reason: 'DOCUMENT_TOO_LARGE', description: `${description}: import less at once` }]);
}

function pathOf(keys: readonly PropertyKey[]): string {
  return keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/** A CIDR or a bare address, of one family if it matters. */
export function cidrText(family?: 4 | 6) {
  return z.string().refine((text) => isOfFamily(text, family), {
    error: ({ input }) =>
      `${quote(String(input))} is not ${family === undefined ? 'a CIDR' : `a CIDR of IPv${family}`}`,
  });
}

function isOfFamily(text: string, family: 4 | 6 | undefined): boolean {
  const cidr = parseCidr(text);
  return cidr !== undefined && (family === undefined || cidr.family === family);
}

/** A list that may be left out, or be null. */
export function listOf<Schema extends z.ZodType>(item: Schema) {
  return z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
}

/** A text that may be left out, or be null. */
export const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? '');

/** A port, a type or a code of ICMP; -1: all. */
export const portNumber = z.number().int().min(-1).max(65_535);
