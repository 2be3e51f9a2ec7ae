import type { Store } from '@portcullis/store';

const body = new Uint8Array(180);

/** Writes one document of the size of a rule in a transaction of its own, with a link and a claim. */
export function bareWrite(store: Store, name: string): Promise<unknown> {
  return store.transact((transaction) =>
    transaction.put({
      kind: 'rule',
      name,
      body,
      links: { remote: ['projects/bench/securityGroups/g0'] },
      claims: [name],
    }),
  );
}
