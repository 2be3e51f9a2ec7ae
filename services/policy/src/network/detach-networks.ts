import type { policyV1 } from '@portcullis/api';
import { existing, noneFound, update } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import type { Dependencies } from '../dependencies.js';
import { memberships, onNetwork, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { membershipName } from '../names.js';
import { checkNetworks } from './attach-networks.js';

export function detachNetworks({ commit, now }: Dependencies): Handlers['detachNetworks'] {
  return async (request) => {
    const { securityGroup, networks } = request;
    checkNetworks(securityGroup, networks);
    return commit(request, async (tx) => {
      const group = await existing(tx, securityGroups, securityGroup);
      const strange = [...new Set(networks)].filter((network) => !group.networks.includes(network));
      if (strange.length > 0) throw noneFound(strange, `not attached to ${securityGroup}`);
      return { securityGroup: await detach(tx, { securityGroup, networks, now: now() }) };
    });
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
