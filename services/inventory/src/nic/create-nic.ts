import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { birth, newName, type Operation, readAnnotations, refuse, refuseMissing } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import { checkEnum, checkName, checkOptionalId, quote, type Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { networks, nics, vmInstances } from '../documents.js';
import { networkNames, nicNames, projectNames, vmInstanceNames } from '../names.js';
import { claimsOf, readAddresses, readAddressPairs, readMac } from './nic-fields.js';

const { EgressDefault, EgressDefaultSchema, NicSchema } = inventoryV1;

/** Reads in the transaction, because what is wrong with an address depends on the network. */
export function nicCreation({ now }: Dependencies): Operation<inventoryV1.CreateNicRequest, inventoryV1.Nic> {
  return (violations, { parent, nicId, nic = create(NicSchema) }) =>
    async (tx) => {
      const project = checkName(violations, 'parent', parent, projectNames)?.project;
      checkOptionalId(violations, 'nic_id', nicId);
      return makeNic(tx, { nic, violations, project, id: nicId, now: now() });
    };
}

interface NewNic {
  readonly nic: inventoryV1.Nic;
  /** What is wrong already. */
  readonly violations: Violations;
  /** Undefined where it cannot be read. */
  readonly project: string | undefined;
  /** Empty: the service chooses. */
  readonly id: string;
  readonly now: Date;
}

/** Makes a NIC. Throws INVALID_ARGUMENT, NOT_FOUND for its network and VM, ALREADY_EXISTS. */
export async function makeNic(
  tx: Transaction,
  { nic, violations, project, id, now }: NewNic,
): Promise<inventoryV1.Nic> {
  const { vmInstance, network, antiSpoofing = true, egressDefault } = nic;
  const vmProject = checkName(violations, 'nic.vm_instance', vmInstance, vmInstanceNames)?.project;
  if (project !== undefined && vmProject !== undefined && project !== vmProject) {
    const description = `${quote(vmInstance)} is not of ${projectNames.format({ project })}`;
    violations.add('nic.vm_instance', 'PROJECT_MISMATCH', description);
  }
  const hasNetwork = checkName(violations, 'nic.network', network, networkNames) !== undefined;
  const annotations = readAnnotations(violations, 'nic', nic);
  const macAddress = readMac(violations, nic.macAddress);
  checkEnum(violations, 'nic.egress_default', egressDefault, { desc: EgressDefaultSchema });
  // Looked up before the request is refused, so that every violation is named at once.
  const onNetwork = hasNetwork ? await networks.get(tx, network) : undefined;
  const allowedAddressPairs = readAddressPairs(violations, nic.allowedAddressPairs, macAddress);
  const addresses = readAddresses(violations, nic.addresses, onNetwork);
  refuse(violations);
  const found = await vmInstances.get(tx, vmInstance);
  refuseMissing([
    { name: vmInstance, found },
    { name: network, found: onNetwork },
  ]);
  const format = (each: string) => nicNames.format({ project: project ?? '', nic: each });
  const made = create(NicSchema, {
    name: await newName(tx, nics, { id, prefix: 'nic', format }),
    ...annotations,
    vmInstance,
    network,
    macAddress,
    addresses,
    antiSpoofing,
    logDrops: nic.logDrops,
    allowedAddressPairs,
    egressDefault: egressDefault || EgressDefault.AUTO,
    ...birth(now),
  });
  await nics.put(tx, [made], (each) => (onNetwork ? claimsOf(each, onNetwork) : []));
  return made;
}
