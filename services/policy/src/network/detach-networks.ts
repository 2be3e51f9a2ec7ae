import type { policyV1 } from '@portcullis/api';
import type { Transaction } from '@portcullis/store';
import { noneFound } from '../api-errors.js';
import type { Dependencies } from '../dependencies.js';
import { memberships, onNetwork, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { existing } from '../lookup.js';
import { membershipName } from '../names.js';
import { commit } from '../store-access.js';
import { update } from '../update.js';
import { checkNetworks } from './attach-networks.js';

export function detachNetworks({ store, now }: Dependencies): Handlers['detachNetworks'] {
  return async ({ securityGroup, networks }) => {
    checkNetworks(securityGroup, networks);
    const { value, revisionToken } = await commit(store, async (tx) => {
      const group = await existing(tx, securityGroups, securityGroup);
      const strange = [...new Set(networks)].filter((network) => !group.networks.includes(network));
      if (strange.length > 0) throw noneFound(strange, `not attached to ${securityGroup}`);
      return detach(tx, { securityGroup, networks, now: now() });
    });
    return { securityGroup: value, revisionToken };
  };
}

/** Detaches networks and takes their NICs out of the group. */
export async function detach(
  tx: Transaction,
  { securityGroup, networks, now }: { securityGroup: string; networks: readonly string[]; now: Date },
): Promise<policyV1.SecurityGroup> {
  const members: string[] = [];
  for (const network of networks) {
    const selection = onNetwork(securityGroup, network);
    for await (const membership of memberships.all(tx, selection)) members.push(membershipName(membership));
  }
  await memberships.delete(tx, members);
  return update(tx, {
    collection: securityGroups,
    name: securityGroup,
    now,
    change: (group) => {
      group.networks = group.networks.filter((network) => !networks.includes(network));
    },
  });
}
