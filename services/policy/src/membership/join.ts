import { create } from '@bufbuild/protobuf';
import { type inventoryV1, policyV1 } from '@portcullis/api';
import { maxListed } from '@portcullis/resource';
import { failedPrecondition } from '@portcullis/rpc';
import type { Transaction } from '@portcullis/store';
import { memberships } from '../documents.js';
import type { Quotas } from '../quota/quotas.js';

/** Of all pairs of NIC and group that an error names, in characters: trailers are short. */
const maxLength = 2500;

/** A NIC that is to be in a group. */
export interface Joining {
  readonly group: policyV1.SecurityGroup;
  readonly nic: inventoryV1.Nic;
}

export function isAttached({ group, nic }: Joining): boolean {
  return group.networks.includes(nic.network);
}

/**
 * Puts NICs into groups, in the transaction that has read the groups; those that are in already stay. Throws NETWORK_NOT_ATTACHED
 * and QUOTA_EXCEEDED.
 */
export async function join(
  tx: Transaction,
  joining: readonly Joining[],
  quotas: Quotas,
): Promise<policyV1.Membership[]> {
  refuseUnattached(joining.filter((each) => !isAttached(each)));
  const byGroup = new Map<string, policyV1.Membership[]>();
  for (const { group, nic } of joining) {
    const made = create(policyV1.MembershipSchema, {
      securityGroup: group.name,
      nic: nic.name,
      nicUid: nic.uid,
      network: nic.network,
    });
    byGroup.set(group.name, [...(byGroup.get(group.name) ?? []), made]);
  }
  for (const [group, made] of byGroup) {
    await quotas.refuseNics(tx, group, made);
    await memberships.put(tx, made);
  }
  return [...byGroup.values()].flat();
}

function refuseUnattached(strangers: readonly Joining[]): void {
  const [first] = strangers;
  if (first === undefined) return;
  let length = 0;
  const listed = strangers.slice(0, maxListed).flatMap(({ group, nic }) => {
    const obstacle = { subject: nic.name, description: `its network ${nic.network} is not attached to ${group.name}` };
    length += obstacle.subject.length + obstacle.description.length;
    return length <= maxLength ? [obstacle] : [];
  });
  const more =
    strangers.length > listed.length ? ` (the first ${listed.length} of ${strangers.length} are listed)` : '';
  const message = `${first.group.name} is not attached to ${first.nic.network}${more}`;
  throw failedPrecondition('NETWORK_NOT_ATTACHED', message, listed);
}
