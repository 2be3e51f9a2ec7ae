import type { policyV1 } from '@portcullis/api';
import { update } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import type { Dependencies } from '../dependencies.js';
import { addressGroups } from '../documents.js';

export interface AddressGroupChange extends Pick<Dependencies, 'quotas' | 'now'> {
  readonly name: string;
  readonly change: (addressGroup: policyV1.AddressGroup) => void;
  /** As of `update`. */
  readonly etag?: string;
  readonly orElse?: (() => Promise<policyV1.AddressGroup>) | undefined;
}

/** Changes an address group within the quota of its project. Throws NOT_FOUND, and ABORTED for another etag. */
export function changeAddressGroup(
  tx: Transaction,
  { name, change, etag = '', orElse, quotas, now }: AddressGroupChange,
): Promise<policyV1.AddressGroup> {
  let before = 0;
  return update(tx, {
    collection: addressGroups,
    name,
    etag,
    now: now(),
    orElse,
    change: (addressGroup) => {
      before = addressGroup.cidrs.length;
      change(addressGroup);
    },
    check: async ({ cidrs }) => {
      await quotas.refuseCidrs(tx, name, { before, after: cidrs.length });
      return [];
    },
  });
}
