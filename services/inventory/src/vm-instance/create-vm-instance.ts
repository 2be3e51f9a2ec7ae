import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { birth, maxDisplayNameLength, newName, type Operation, readAnnotations } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import { checkEnum, checkName, checkOptionalId, checkText, type Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { vmInstances } from '../documents.js';
import { projectNames, vmInstanceNames } from '../names.js';

const { VmInstanceSchema, VmInstanceState, VmInstanceStateSchema } = inventoryV1;

export function vmInstanceCreation({
  now,
}: Dependencies): Operation<inventoryV1.CreateVmInstanceRequest, inventoryV1.VmInstance> {
  return (violations, { parent, vmInstanceId, vmInstance = create(VmInstanceSchema) }) => {
    const project = checkName(violations, 'parent', parent, projectNames)?.project ?? '';
    checkOptionalId(violations, 'vm_instance_id', vmInstanceId);
    const fields = readNewVm(violations, vmInstance);
    return async (tx) => {
      const format = (id: string) => vmInstanceNames.format({ project, vm_instance: id });
      const name = await newName(tx, vmInstances, { id: vmInstanceId, prefix: 'vm', format });
      return makeVm(tx, { fields, name, now: now() });
    };
  };
}

type VmFields = MessageInitShape<typeof VmInstanceSchema>;

/** What a caller says of a new VM. */
export function readNewVm(violations: Violations, vmInstance: inventoryV1.VmInstance): VmFields {
  const { displayName, state } = vmInstance;
  checkText(violations, 'vm_instance.display_name', displayName, maxDisplayNameLength);
  const annotations = readAnnotations(violations, 'vm_instance', vmInstance);
  checkEnum(violations, 'vm_instance.state', state, { desc: VmInstanceStateSchema });
  return { displayName, ...annotations, state: state || VmInstanceState.STOPPED };
}

/** Makes a VM under a name that is free. */
export async function makeVm(
  tx: Transaction,
  { fields, name, now }: { fields: VmFields; name: string; now: Date },
): Promise<inventoryV1.VmInstance> {
  const made = create(VmInstanceSchema, { ...fields, name, ...birth(now) });
  await vmInstances.put(tx, [made]);
  return made;
}
