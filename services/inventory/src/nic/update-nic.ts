import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { annotationPaths, existing, type Operation, readAnnotations, refuse, update } from '@portcullis/resource';
import { checkEnum, checkName, checkUpdateMask } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { networks, nics } from '../documents.js';
import { nicNames } from '../names.js';
import { makeNic } from './create-nic.js';
import { claimsOf, readAddresses, readAddressPairs } from './nic-fields.js';

const { EgressDefault, EgressDefaultSchema, NicSchema } = inventoryV1;
const mutable = [
  ...annotationPaths,
  'addresses',
  'anti_spoofing',
  'egress_default',
  'allowed_address_pairs',
  'log_drops',
] as const;

/** Reads in the transaction, because what is wrong with an address depends on the network. */
export function nicUpdate({ now }: Dependencies): Operation<inventoryV1.UpdateNicRequest, inventoryV1.Nic> {
  return (violations, { nic = create(NicSchema), updateMask, allowMissing }) =>
    async (tx) => {
      const { name, antiSpoofing = true, egressDefault, logDrops } = nic;
      const ids = checkName(violations, 'nic.name', name, nicNames);
      const paths = checkUpdateMask(violations, updateMask, { message: NicSchema, mutable });
      const change: Partial<inventoryV1.Nic> = readAnnotations(violations, 'nic', { ...nic, paths });
      if (paths.has('egress_default')) {
        checkEnum(violations, 'nic.egress_default', egressDefault, { desc: EgressDefaultSchema });
        change.egressDefault = egressDefault || EgressDefault.AUTO;
      }
      if (paths.has('anti_spoofing')) change.antiSpoofing = antiSpoofing;
      if (paths.has('log_drops')) change.logDrops = logDrops;
      const before = ids ? await nics.get(tx, name) : undefined;
      const network = before && (await networks.get(tx, before.network));
      if (paths.has('addresses')) change.addresses = readAddresses(violations, nic.addresses, network);
      if (paths.has('allowed_address_pairs')) {
        change.allowedAddressPairs = readAddressPairs(violations, nic.allowedAddressPairs, before?.macAddress ?? '');
      }
      refuse(violations);
      const check = async (changed: inventoryV1.Nic) =>
        claimsOf(changed, network ?? (await existing(tx, networks, changed.network)));
      const apply = (stored: inventoryV1.Nic) => Object.assign(stored, change);
      const make = () => makeNic(tx, { nic, violations, project: ids?.project, id: ids?.nic ?? '', now: now() });
      const options = { etag: nic.etag, orElse: allowMissing ? make : undefined, now: now() };
      return update(tx, { ...options, collection: nics, name, change: apply, check });
    };
}
