import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { blockedBy } from '../api-errors.js';
import type { Dependencies } from '../dependencies.js';
import { memberships, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { existing, refuseMissing } from '../lookup.js';
import { commit } from '../store-access.js';
import { checkNics } from './nic-list.js';

export function addNics({ store, inventory, housekeeping }: Dependencies): Handlers['addNics'] {
  return async ({ securityGroup, nics }, { signal }) => {
    checkNics(securityGroup, nics);
    await store.read((reading) => existing(reading, securityGroups, securityGroup));
    const found = await inventory.findNics(nics, { signal });
    refuseMissing([...new Set(nics)].map((name) => ({ name, found: found.get(name) })));
    const { revisionToken } = await commit(store, async (tx) => {
      const { networks } = await existing(tx, securityGroups, securityGroup);
      const strangers = [...found.values()].filter(({ network }) => !networks.includes(network));
      if (strangers.length > 0) {
        throw blockedBy(
          strangers.map(({ name }) => name),
          {
            reason: 'NETWORK_NOT_ATTACHED',
            message: `${securityGroup} is not attached to ${[...new Set(strangers.map(({ network }) => network))].join(', ')}`,
            why: "the NIC's network is not attached to the group",
          },
        );
      }
      const joining = [...found.values()].map(({ name: nic, uid: nicUid, network }) =>
        create(policyV1.MembershipSchema, { securityGroup, nic, nicUid, network }),
      );
      await memberships.put(tx, joining);
    });
    // Gone between the question and the commit? Then inventory's watch may have told too early to be of use.
    housekeeping.suspect({ nics });
    return { revisionToken };
  };
}
