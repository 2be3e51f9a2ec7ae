import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import {
  annotationPaths,
  maxDisplayNameLength,
  type Operation,
  readAnnotations,
  refuse,
  update,
} from '@portcullis/resource';
import { checkEnum, checkName, checkText, checkUpdateMask } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { vmInstances } from '../documents.js';
import { vmInstanceNames } from '../names.js';
import { makeVm, readNewVm } from './create-vm-instance.js';

const { VmInstanceSchema, VmInstanceStateSchema } = inventoryV1;
const mutable = ['display_name', ...annotationPaths, 'state'] as const;

export function vmInstanceUpdate({
  now,
}: Dependencies): Operation<inventoryV1.UpdateVmInstanceRequest, inventoryV1.VmInstance> {
  return (violations, { vmInstance = create(VmInstanceSchema), updateMask, allowMissing }) => {
    const { name, displayName, state } = vmInstance;
    const field = 'vm_instance';
    checkName(violations, `${field}.name`, name, vmInstanceNames);
    const paths = checkUpdateMask(violations, updateMask, { message: VmInstanceSchema, mutable });
    const change: Partial<inventoryV1.VmInstance> = readAnnotations(violations, field, { ...vmInstance, paths });
    if (paths.has('display_name')) {
      checkText(violations, `${field}.display_name`, displayName, maxDisplayNameLength);
      change.displayName = displayName;
    }
    if (paths.has('state')) {
      checkEnum(violations, `${field}.state`, state, { desc: VmInstanceStateSchema, required: true });
      change.state = state;
    }
    return async (tx) => {
      const make = () => {
        const fields = readNewVm(violations, vmInstance);
        refuse(violations);
        return makeVm(tx, { fields, name, now: now() });
      };
      return update(tx, {
        collection: vmInstances,
        name,
        etag: vmInstance.etag,
        change: (stored) => Object.assign(stored, change),
        now: now(),
        orElse: allowMissing ? make : undefined,
      });
    };
  };
}
