import type { ListQuery, Reading, Stored } from '../store.js';
import { runCompiled } from './run-compiled.js';
import type { Sql } from './tables.js';

/** Names per statement: databases bound the number of parameters. */
const chunkSize = 500;

export class SqlReading implements Reading {
  readonly #db: Sql;

  constructor(db: Sql) {
    this.#db = db;
  }

  async get(kind: string, name: string): Promise<Stored | undefined> {
    const [row] = await runCompiled(this.#db, 'get', [kind, name], () =>
      this.#db.selectFrom('document').select('body').where('kind', '=', kind).where('name', '=', name),
    );
    return row && { kind, name, body: row.body };
  }

  async getMany(kind: string, names: readonly string[]): Promise<Map<string, Stored>> {
    const found = new Map<string, Stored>();
    for (const chunk of chunks(names)) {
      const query = this.#db.selectFrom('document').select(['name', 'body']).where('kind', '=', kind);
      for (const { name, body } of await query.where('name', 'in', chunk).execute()) {
        found.set(name, { kind, name, body });
      }
    }
    return found;
  }

  async list({ kind, prefix, link, after = '', limit }: ListQuery): Promise<Stored[]> {
    if (link) return this.#listLinked({ kind, link, after, limit, ...(prefix === undefined ? {} : { prefix }) });
    let query = this.#db.selectFrom('document').select(['name', 'body']).where('kind', '=', kind);
    query = query.where('name', '>', after);
    if (prefix !== undefined) query = query.where('name', '>=', prefix).where('name', '<', endOfPrefix(prefix));
    const rows = await query.orderBy('name').limit(limit).execute();
    return rows.map(({ name, body }) => ({ kind, name, body }));
  }

  async count(kind: string, prefix: string): Promise<number> {
    const query = this.#db.selectFrom('document').select((each) => each.fn.countAll().as('count'));
    const inPrefix = query.where('name', '>=', prefix).where('name', '<', endOfPrefix(prefix));
    const { count } = await inPrefix.where('kind', '=', kind).executeTakeFirstOrThrow();
    return Number(count);
  }

  async countLinks(kind: string, link: string, targets: readonly string[]): Promise<Map<string, number>> {
    const counts = new Map(targets.map((target) => [target, 0]));
    for (const chunk of chunks([...counts.keys()])) {
      const query = this.#db
        .selectFrom('link')
        .select((each) => ['target', each.fn.countAll().as('count')])
        .where('kind', '=', kind)
        .where('link', '=', link)
        .where('target', 'in', chunk)
        .groupBy('target');
      for (const { target, count } of await query.execute()) counts.set(target, Number(count));
    }
    return counts;
  }

  async #listLinked({ kind, prefix, link, after = '', limit }: ListQuery): Promise<Stored[]> {
    const { name: linkName = '', target = '' } = link ?? {};
    const range = prefix === undefined ? [] : [prefix, endOfPrefix(prefix)];
    const parameters = [kind, linkName, target, after, ...range, limit];
    const rows = await runCompiled(this.#db, `listLinked ${range.length}`, parameters, () => {
      const [from, to] = range;
      let query = this.#db
        .selectFrom('link')
        .innerJoin('document', (join) =>
          join.onRef('document.kind', '=', 'link.kind').onRef('document.name', '=', 'link.name'),
        )
        .select(['link.name as name', 'document.body as body'])
        .where('link.kind', '=', kind)
        .where('link.link', '=', linkName)
        .where('link.target', '=', target)
        .where('link.name', '>', after);
      if (from !== undefined && to !== undefined) {
        query = query.where('link.name', '>=', from).where('link.name', '<', to);
      }
      return query.orderBy('link.name').limit(limit);
    });
    return rows.map(({ name, body }) => ({ kind, name, body }));
  }
}

export function chunks<Item>(items: readonly Item[]): Item[][] {
  const result: Item[][] = [];
  for (let i = 0; i < items.length; i += chunkSize) result.push(items.slice(i, i + chunkSize));
  return result;
}

/** A text after every text with the prefix: no character is encoded in greater bytes than the last one of Unicode. */
function endOfPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}
