import type { policyV1 } from '@portcullis/api';
import type { Logger } from '@portcullis/runtime';
import type { Store } from '@portcullis/store';
import { memberships, securityGroups } from '../documents.js';
import { membershipName } from '../names.js';
import { detach } from '../network/detach-networks.js';
import type { InventoryClient } from './inventory-client.js';

export interface Sweep {
  readonly store: Store;
  readonly inventory: InventoryClient;
  readonly log: Logger;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

const pageSize = 500;

/** Looks at every membership and every attached network. */
export async function sweepEverything(sweep: Sweep): Promise<void> {
  let page: policyV1.Membership[];
  let after = '';
  do {
    const query = { after, limit: pageSize };
    page = (await sweep.store.read((reading) => memberships.list(reading, query))).value;
    await sweepMemberships(sweep, page);
    const last = page.at(-1);
    after = last ? membershipName(last) : '';
  } while (page.length === pageSize);
  const { value: attached } = await sweep.store.read(async (reading) => {
    const networks = new Set<string>();
    for await (const group of securityGroups.all(reading, {})) for (const each of group.networks) networks.add(each);
    return networks;
  });
  await sweepNetworks(sweep, [...attached]);
}

/** Looks at the memberships of NICs. */
export async function sweepNics(sweep: Sweep, nics: readonly string[]): Promise<void> {
  for (let i = 0; i < nics.length; i += pageSize) {
    const { value } = await sweep.store.read(async (reading) => {
      const found: policyV1.Membership[] = [];
      for (const nic of nics.slice(i, i + pageSize)) {
        for await (const each of memberships.all(reading, { link: { name: 'nic', target: nic } })) found.push(each);
      }
      return found;
    });
    await sweepMemberships(sweep, value);
  }
}

/**
 * Takes away memberships whose NIC is gone. They are read before inventory is asked: a NIC that has not the uid then will
 * never have it, so a membership that still names the uid can go whatever has happened in between.
 */
async function sweepMemberships({ store, inventory, log, signal }: Sweep, read: readonly policyV1.Membership[]) {
  if (read.length === 0) return;
  const nics = await inventory.findNics(
    read.map(({ nic }) => nic),
    { signal },
  );
  const dead = new Map(
    read.filter(({ nic, nicUid }) => nics.get(nic)?.uid !== nicUid).map((m) => [membershipName(m), m]),
  );
  if (dead.size === 0) return;
  const { value: removed } = await store.transact(async (tx) => {
    const current = await memberships.getMany(tx, [...dead.keys()]);
    const gone = [...current].flatMap(([name, { nicUid }]) => (nicUid === dead.get(name)?.nicUid ? [name] : []));
    await memberships.delete(tx, gone);
    return gone.length;
  });
  if (removed > 0) log.info({ memberships: removed }, 'removed memberships of NICs that are gone');
}

/** Takes groups off networks that are gone. */
export async function sweepNetworks({ store, inventory, log, now, signal }: Sweep, networks: readonly string[]) {
  const found = await inventory.findNetworks(networks, { signal });
  for (const network of networks) {
    if (found.has(network)) continue;
    await store.transact(async (tx) => {
      for await (const { name } of securityGroups.all(tx, { link: { name: 'network', target: network } })) {
        await detach(tx, { securityGroup: name, networks: [network], now: now() });
      }
    });
    log.info({ network }, 'detached groups from a network that is gone');
  }
}
