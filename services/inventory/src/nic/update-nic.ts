import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { annotationPaths, existing, readAnnotations, refuse, update } from '@portcullis/resource';
import { checkEnum, checkName, checkUpdateMask, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { networks, nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { nicNames } from '../names.js';
import { makeNic } from './create-nic.js';
import { claimsOf, readAddresses } from './nic-fields.js';

const { EgressDefault, EgressDefaultSchema, NicSchema } = inventoryV1;
const mutable = [...annotationPaths, 'addresses', 'anti_spoofing', 'egress_default'] as const;

export function updateNic({ commit, now }: Dependencies): Handlers['updateNic'] {
  return async (request) => {
    const { nic = create(NicSchema), updateMask } = request;
    const { name, antiSpoofing, egressDefault } = nic;
    return commit(request, async (tx) => {
      const violations = new Violations();
      const ids = checkName(violations, 'nic.name', name, nicNames);
      const paths = checkUpdateMask(violations, updateMask, { message: NicSchema, mutable });
      const change: Partial<inventoryV1.Nic> = readAnnotations(violations, 'nic', { ...nic, paths });
      if (paths.has('egress_default')) {
        checkEnum(violations, 'nic.egress_default', egressDefault, { desc: EgressDefaultSchema });
        change.egressDefault = egressDefault || EgressDefault.AUTO;
      }
      if (paths.has('anti_spoofing')) change.antiSpoofing = antiSpoofing;
      const before = ids ? await nics.get(tx, name) : undefined;
      const network = before && (await networks.get(tx, before.network));
      if (paths.has('addresses')) change.addresses = readAddresses(violations, nic.addresses, network);
      refuse(violations);
      const check = async (changed: inventoryV1.Nic) =>
        claimsOf(changed, network ?? (await existing(tx, networks, changed.network)));
      const apply = (stored: inventoryV1.Nic) => Object.assign(stored, change);
      const make = () =>
        makeNic(tx, { nic, violations: new Violations(), project: ids?.project, id: ids?.nic ?? '', now: now() });
      const options = { etag: nic.etag, orElse: request.allowMissing ? make : undefined, now: now() };
      return { nic: await update(tx, { ...options, collection: nics, name, change: apply, check }) };
    });
  };
}
