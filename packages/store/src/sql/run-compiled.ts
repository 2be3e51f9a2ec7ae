import { type Compilable, CompiledQuery } from 'kysely';
import type { Sql } from './tables.js';

/** Statements remembered per database: those of every call, each for a number of rows up to that of a full group. */
const maxRemembered = 512;

/** Texts of statements by their shape, for as long as the database is open. */
const remembered = new WeakMap<object, Map<string, string>>();

/**
 * Runs a statement that was compiled before, if one of its shape was: kysely takes longer to compile a statement than a
 * database to run it. Statements of one shape differ in their parameters only; `parameters` are in the order of the text.
 */
export async function runCompiled<Row>(
  db: Sql,
  shape: string,
  parameters: readonly unknown[],
  build: () => Compilable<Row>,
): Promise<Row[]> {
  const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(textOf(db, shape, parameters, build), [...parameters]));
  return rows;
}

function textOf(db: Sql, shape: string, parameters: readonly unknown[], build: () => Compilable): string {
  // The adapter belongs to one database, whatever transaction or schema is in front of it.
  const { adapter } = db.getExecutor();
  const texts = remembered.get(adapter) ?? new Map<string, string>();
  remembered.set(adapter, texts);
  const known = texts.get(shape);
  if (known !== undefined) return known;
  const compiled = build().compile();
  if (
    compiled.parameters.length !== parameters.length ||
    compiled.parameters.some((each, i) => each !== parameters[i])
  ) {
    throw new Error(`the parameters of a statement are not in its order: ${compiled.sql}`);
  }
  if (texts.size < maxRemembered) texts.set(shape, compiled.sql);
  return compiled.sql;
}
