import { CompiledQuery } from 'kysely';
import type { Engine } from '../sql/engine.js';
import type { Tables } from '../sql/tables.js';

type Column<Row> = readonly [keyof Row & string, type: string];

const columns = {
  document: [
    ['kind', 'text'],
    ['name', 'text'],
    ['body', 'bytea'],
  ],
  link: [
    ['kind', 'text'],
    ['link', 'text'],
    ['target', 'text'],
    ['name', 'text'],
  ],
  claim: [
    ['claim', 'text'],
    ['kind', 'text'],
    ['name', 'text'],
  ],
  log: [
    ['revision', 'bigint'],
    ['position', 'integer'],
    ['kind', 'text'],
    ['name', 'text'],
    ['body', 'bytea'],
  ],
} as const satisfies { [Table in 'document' | 'link' | 'claim' | 'log']: readonly Column<Tables[Table]>[] };

/**
 * Inserts into the tables of a schema: with one statement, whose text is the same for any number of rows, so that it costs one
 * way to the server and back, and is parsed and planned once. A parameter is a column.
 */
export function insertInto(schema: string): Engine['insert'] {
  let count = 0;
  const insert = (table: keyof typeof columns, more = '') => {
    const names = columns[table].map(([name]) => name).join(', ');
    const arrays = columns[table].map(([, type]) => `$${++count}::${type}[]`).join(', ');
    return `insert into "${schema}".${table} (${names}) select * from unnest(${arrays})${more}`;
  };
  const put = insert('document', ' on conflict (kind, name) do update set body = excluded.body');
  const text = `with put as (${put}), linked as (${insert('link')}), claimed as (${insert('claim')}) ${insert('log')}`;
  return async (db, { documents, links, claims, log }) => {
    const parameters = [
      ...columns.document.map(([name]) => documents.map((row) => row[name])),
      ...columns.link.map(([name]) => links.map((row) => row[name])),
      ...columns.claim.map(([name]) => claims.map((row) => row[name])),
      ...columns.log.map(([name]) => log.map((row) => row[name])),
    ];
    await db.executeQuery(CompiledQuery.raw(text, parameters));
  };
}
