import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger } from '@portcullis/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from './open-store.js';
import type { Store } from './store.js';
import { describeCrashes } from './testing/crash-contract.js';
import { describeStore } from './testing/store-contract.js';
import { document, type StoreHarness } from './testing/store-harness.js';

const log = createLogger('test', { level: 'silent' });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'portcullis-sqlite-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let databases = 0;
const nextUrl = () => `sqlite:${path.join(folder, `${databases++}.db`)}`;

function harness(shared: boolean): StoreHarness {
  let url: string | undefined;
  let stores: Store[] = [];
  return {
    shared,
    open: async (options) => {
      url ??= shared ? nextUrl() : 'sqlite::memory:';
      const store = await openStore(url, { log, ...options });
      stores.push(store);
      return store;
    },
    reset: async () => {
      await Promise.all(stores.map((store) => store.close()));
      stores = [];
      url = undefined;
    },
  };
}

describeStore('SQLite', harness(true));
describeStore('SQLite in memory', harness(false));
describeCrashes('SQLite', async () => nextUrl());

describe('a SQLite file', () => {
  it('belongs to one service', async () => {
    const url = nextUrl();
    await (await openStore(url, { log, owner: 'policy' })).close();
    await expect(openStore(url, { log, owner: 'inventory' })).rejects.toThrow(
      'the database is the store of policy, not of inventory',
    );
  });

  it('leaves the event loop to others during a long transaction', async () => {
    const store = await openStore(nextUrl(), { log });
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    await store.transact(async (tx) => {
      for (let i = 0; i < 5000; i += 1) await tx.put(document(`n${i}`));
    });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    await store.close();
  });
});

it.each(['', 'sqlite:', 'mysql://x', '/var/lib/x.db'])('%j is no URL of a store', async (url) => {
  await expect(openStore(url, { log })).rejects.toThrow(RangeError);
});
