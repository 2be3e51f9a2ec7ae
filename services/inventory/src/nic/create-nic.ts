import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { birth, newName, refuse, refuseMissing } from '@portcullis/resource';
import { checkEnum, checkName, checkOptionalId, quote, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { networks, nics, vmInstances } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { networkNames, nicNames, projectNames, vmInstanceNames } from '../names.js';
import { claimsOf, readAddresses, readMac } from './nic-fields.js';

const { EgressDefault, EgressDefaultSchema, NicSchema } = inventoryV1;

export function createNic({ commit, now }: Dependencies): Handlers['createNic'] {
  return async (request) => {
    const { parent, nicId, nic = create(NicSchema) } = request;
    return commit(request, async (tx) => {
      const violations = new Violations();
      const { vmInstance, network, antiSpoofing, egressDefault } = nic;
      const project = checkName(violations, 'parent', parent, projectNames)?.project;
      checkOptionalId(violations, 'nic_id', nicId);
      const vmProject = checkName(violations, 'nic.vm_instance', vmInstance, vmInstanceNames)?.project;
      if (project !== undefined && vmProject !== undefined && project !== vmProject) {
        violations.add('nic.vm_instance', 'PROJECT_MISMATCH', `${quote(vmInstance)} is not of ${parent}`);
      }
      const hasNetwork = checkName(violations, 'nic.network', network, networkNames) !== undefined;
      const macAddress = readMac(violations, nic.macAddress);
      checkEnum(violations, 'nic.egress_default', egressDefault, { desc: EgressDefaultSchema });
      // Looked up before the request is refused, so that every violation is named at once.
      const onNetwork = hasNetwork ? await networks.get(tx, network) : undefined;
      const addresses = readAddresses(violations, nic.addresses, onNetwork);
      refuse(violations);
      const found = await vmInstances.get(tx, vmInstance);
      refuseMissing([
        { name: vmInstance, found },
        { name: network, found: onNetwork },
      ]);
      const format = (id: string) => nicNames.format({ project: project ?? '', nic: id });
      const made = create(NicSchema, {
        name: await newName(tx, nics, { id: nicId, prefix: 'nic', format }),
        vmInstance,
        network,
        macAddress,
        addresses,
        antiSpoofing,
        egressDefault: egressDefault || EgressDefault.AUTO,
        ...birth(now()),
      });
      await nics.put(tx, [made], (each) => (onNetwork ? claimsOf(each, onNetwork) : []));
      return { nic: made };
    });
  };
}
