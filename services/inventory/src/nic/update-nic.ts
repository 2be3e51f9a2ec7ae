import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { existing, refuse, update } from '@portcullis/resource';
import { checkEnum, checkName, checkUpdateMask, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { networks, nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { nicNames } from '../names.js';
import { claimsOf, readAddresses } from './nic-fields.js';

const { EgressDefault, EgressDefaultSchema, NicSchema } = inventoryV1;
const mutable = ['addresses', 'anti_spoofing', 'egress_default'] as const;

export function updateNic({ commit, now }: Dependencies): Handlers['updateNic'] {
  return async (request) => {
    const { nic = create(NicSchema), updateMask } = request;
    const { name, antiSpoofing, egressDefault } = nic;
    return commit(request, async (tx) => {
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
      const apply = (stored: inventoryV1.Nic) => Object.assign(stored, change);
      return { nic: await update(tx, { collection: nics, name, change: apply, now: now(), check }) };
    });
  };
}
