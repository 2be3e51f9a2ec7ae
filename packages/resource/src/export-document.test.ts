import { type DescMessage, type JsonValue, toJson } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { createLogger } from '@portcullis/runtime';
import { openStore, type Store } from '@portcullis/store';
import { Collection } from '@portcullis/store/resource';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportAll, exportDocument, partsOf } from './export-document.js';
import { Revisions } from './revisions.js';

const hosts = new Collection({ kind: 'host', schema: inventoryV1.HostSchema, nameOf: ({ name }) => name });
const toJsonOf = (schema: DescMessage) => (message: object) => toJson(schema, message as never);

let store: Store;
let revisions: Revisions;

beforeEach(async () => {
  store = await openStore('sqlite::memory:', { log: createLogger('test', { level: 'silent' }) });
  revisions = new Revisions('inventory', store);
});
afterEach(() => store.close());

const putHosts = (names: readonly string[], description = '') =>
  store.transact((tx) =>
    hosts.put(
      tx,
      names.map((name) => ({ ...emptyHost, name, description })),
    ),
  );
const emptyHost: inventoryV1.Host = {
  $typeName: 'portcullis.inventory.v1.Host',
  name: '',
  displayName: '',
  uid: '',
  description: '',
  labels: {},
  etag: '',
};

function begin() {
  return exportDocument({
    store,
    revisions,
    format: 'portcullis.test',
    project: 'projects/p',
    read: async (reading) => ({
      hosts: await exportAll(reading, hosts, {}),
      others: await exportAll(reading, hosts, { prefix: 'x' }),
      quota: { limit: 3 },
    }),
  });
}

async function partsFrom(stream: AsyncIterable<{ json: string }>): Promise<string[]> {
  const parts: string[] = [];
  for await (const { json } of stream) parts.push(json);
  return parts;
}

describe('an exported document', () => {
  it('is one JSON object with what it is, of which revision, and all members in their order', async () => {
    const { revision } = await putHosts(['hosts/b', 'hosts/a'], 'a "b" 😀');
    const document = JSON.parse((await partsFrom(begin())).join('')) as Record<string, JsonValue>;
    const { value } = await store.read((reading) => hosts.list(reading, { limit: 10 }));
    expect(document).toEqual({
      format: 'portcullis.test',
      project: 'projects/p',
      revisionToken: revisions.tokenOf(revision),
      hosts: value.map(toJsonOf(inventoryV1.HostSchema)),
      others: [],
      quota: { limit: 3 },
    });
    expect(value.map(({ name, etag }) => [name, etag.length])).toEqual([
      ['hosts/a', 16],
      ['hosts/b', 16],
    ]);
    expect(Object.keys(document)).toEqual(['format', 'project', 'revisionToken', 'hosts', 'others', 'quota']);
  });

  it('comes in parts of at most 256 KiB, and stays what it was when it began', async () => {
    const names = Array.from({ length: 2000 }, (_, i) => `hosts/h${i}`);
    const { revision } = await putHosts(names, 'ä😀'.repeat(300));
    const stream = begin();
    const first = await stream.next();
    await putHosts(['hosts/late']);
    await store.transact((tx) => hosts.delete(tx, names));
    const parts = [(first.value as { json: string }).json, ...(await partsFrom(stream))];
    expect(parts.length).toBeGreaterThan(5);
    expect(Math.max(...parts.map((part) => Buffer.byteLength(part)))).toBeLessThanOrEqual(256 * 1024);
    const document = JSON.parse(parts.join('')) as { hosts: { name: string }[]; revisionToken: string };
    expect(document.hosts.map(({ name }) => name)).toEqual(names.toSorted());
    expect(document.revisionToken).toBe(revisions.tokenOf(revision));
  });
});

it.each([
  [['abcdef'], 4, ['abcd', 'ef']],
  [['ab', 'cd', 'e'], 4, ['abcd', 'e']],
  [['abcdefghij'], 4, ['abcd', 'efgh', 'ij']],
  [['abc😀d'], 4, ['abc', '😀d']],
  [['a😀bcd'], 3, ['a😀', 'bcd']],
  [[''], 3, []],
])('%j in parts of %i is %j: no character is cut in two', (pieces, maxLength, parts) => {
  expect([...partsOf(pieces, maxLength)]).toEqual(parts);
});
