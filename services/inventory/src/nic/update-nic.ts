import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { checkEnum, checkName, checkUpdateMask, Violations } from '@portcullis/store/resource';
import { refuse } from '../api-errors.js';
import { networks, nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { existing } from '../lookup.js';
import { nicNames } from '../names.js';
import { commit, type Dependencies } from '../store-access.js';
import { update } from '../update.js';
import { claimsOf, readAddresses } from './nic-fields.js';

const { EgressDefault, EgressDefaultSchema, NicSchema } = inventoryV1;
const mutable = ['addresses', 'anti_spoofing', 'egress_default'] as const;

export function updateNic({ store, now }: Dependencies): Handlers['updateNic'] {
  return async ({ nic = create(NicSchema), updateMask }) => {
    const { name, antiSpoofing, egressDefault } = nic;
    const { value, revisionToken } = await commit(store, async (tx) => {
      const violations = new Violations();
      const isNamed = checkName(violations, 'nic.name', name, nicNames) !== undefined;
      const paths = checkUpdateMask(violations, updateMask, { message: NicSchema, mutable });
      const change: Partial<inventoryV1.Nic> = {};
      if (paths.has('egress_default')) {
        checkEnum(violations, 'nic.egress_default', egressDefault, { desc: EgressDefaultSchema });
        change.egressDefault = egressDefault || EgressDefault.AUTO;
      }
      if (paths.has('anti_spoofing')) change.antiSpoofing = antiSpoofing;
      const before = isNamed ? await nics.get(tx, name) : undefined;
      const network = before && (await networks.get(tx, before.network));
      if (paths.has('addresses')) change.addresses = readAddresses(violations, nic.addresses, network);
      refuse(violations);
      const check = async (changed: inventoryV1.Nic) =>
        claimsOf(changed, network ?? (await existing(tx, networks, changed.network)));
      return update(tx, { collection: nics, name, change, now: now(), check });
    });
    return { nic: value, revisionToken };
  };
}
