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
  try {
    return JSON.parse(text);
  } catch (error) {
    const description = `is not JSON: ${error instanceof Error ? error.message : ''}`;
    throw invalidArgument([{ field: 'document', reason: 'DOCUMENT_MALFORMED', description }]);
  }
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
