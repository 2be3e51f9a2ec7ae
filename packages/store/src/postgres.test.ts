import { createLogger } from '@portcullis/runtime';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStore } from './open-store.js';
import type { Store } from './store.js';
import { describeCrashes } from './testing/crash-contract.js';
import { type PrivatePostgres, startPrivatePostgres } from './testing/private-postgres.js';
import { describeStore } from './testing/store-contract.js';
import { document, type StoreHarness, textOf } from './testing/store-harness.js';

const log = createLogger('test', { level: 'silent' });
let postgres: PrivatePostgres;

beforeAll(async () => {
  postgres = await startPrivatePostgres();
});
afterAll(() => postgres.remove());

let owners = 0;
const nextOwner = () => `owner_${owners++}`;

function harness(): StoreHarness {
  let owner: string | undefined;
  let stores: Store[] = [];
  return {
    shared: true,
    open: async (options) => {
      owner ??= nextOwner();
      const store = await openStore(postgres.url, { log, owner, ...options });
      stores.push(store);
      return store;
    },
    reset: async () => {
      await Promise.all(stores.map((store) => store.close()));
      stores = [];
      owner = undefined;
    },
  };
}

describeStore('PostgreSQL', harness());
describeCrashes('PostgreSQL', async () => postgres.url, nextOwner);

describe('stores on a PostgreSQL server', () => {
  it('are apart when they belong to different services', async () => {
    const policy = await openStore(postgres.url, { log, owner: 'policy' });
    const inventory = await openStore(postgres.url, { log, owner: 'inventory' });
    await policy.transact((tx) => tx.put(document('a')));
    expect(await inventory.read((reading) => reading.get('thing', 'a'))).toEqual({ value: undefined, revision: 0 });
    expect(policy.epoch).not.toBe(inventory.epoch);
    await Promise.all([policy.close(), inventory.close()]);
  });

  it('can be made by many processes at once', async () => {
    const owner = nextOwner();
    const stores = await Promise.all(Array.from({ length: 5 }, () => openStore(postgres.url, { log, owner })));
    expect(new Set(stores.map(({ epoch }) => epoch)).size).toBe(1);
    await Promise.all(stores.map((store) => store.close()));
  });

  it.each(['SIGINT', 'SIGQUIT'] as const)('are unavailable after %s, and recover by themselves', async (signal) => {
    const owner = nextOwner();
    const [store, other] = await Promise.all([
      openStore(postgres.url, { log, owner }),
      openStore(postgres.url, { log, owner }),
    ]);
    const heard = vi.fn();
    other.onCommit(heard);
    await store.transact((tx) => tx.put(document('a')));
    await postgres.stop(signal);
    const refused = { name: 'StoreUnavailable' };
    await expect(store.transact((tx) => tx.put(document('b')))).rejects.toMatchObject(refused);
    // What is in memory is good for three seconds more.
    await vi.waitFor(
      async () => {
        await expect(store.read((reading) => reading.get('thing', 'a'))).rejects.toMatchObject(refused);
        await expect(store.log(0, 1)).rejects.toMatchObject(refused);
      },
      { timeout: 10_000 },
    );
    await postgres.start();
    expect((await store.transact((tx) => tx.put(document('c')))).revision).toBe(2);
    const { value } = await other.read((reading) => reading.get('thing', 'a'));
    expect(textOf(value)).toBe('a');
    await vi.waitFor(() => expect(heard).toHaveBeenLastCalledWith(2), { timeout: 5000 });
    await Promise.all([store.close(), other.close()]);
  });

  it('take back a transaction whose connection is cut', async () => {
    const store = await openStore(postgres.url, { log, owner: nextOwner() });
    const cut = store.transact(async (tx) => {
      await tx.put(document('a'));
      await postgres.stop('SIGINT');
      await tx.put(document('b'));
    });
    await expect(cut).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await postgres.start();
    expect(await store.read((reading) => reading.list({ kind: 'thing', limit: 9 }))).toEqual({
      value: [],
      revision: 0,
    });
    await store.close();
  });

  it('say so when there is no server', async () => {
    await expect(openStore('postgres://x@127.0.0.1:1/x', { log })).rejects.toThrow('ECONNREFUSED');
  });
});
