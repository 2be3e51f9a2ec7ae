import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { blockedBy, existing, refuseMissing } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { memberships, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { checkNics } from './nic-list.js';

export function addNics({ store, commit, quotas, inventory, housekeeping }: Dependencies): Handlers['addNics'] {
  return async (request, { signal }) => {
    const { securityGroup, nics } = request;
    checkNics(securityGroup, nics);
    await store.read((reading) => existing(reading, securityGroups, securityGroup), { newest: true });
    const found = await inventory.findNics(nics, { signal });
    refuseMissing([...new Set(nics)].map((name) => ({ name, found: found.get(name) })));
    const answer = await commit(request, async (tx) => {
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
      await quotas.refuseNics(tx, securityGroup, joining);
      await memberships.put(tx, joining);
      return {};
    });
    // Gone between the question and the commit? Then inventory's watch may have told too early to be of use.
    housekeeping.suspect({ nics });
    return answer;
  };
}
