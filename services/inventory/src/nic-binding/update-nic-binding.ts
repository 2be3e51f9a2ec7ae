import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { annotationPaths, type Operation, readAnnotations, update } from '@portcullis/resource';
import { checkEnum, checkName, checkUpdateMask } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { nicBindings } from '../documents.js';
import { nicBindingNames } from '../names.js';

const { NicBindingSchema, NicBindingStateSchema } = inventoryV1;
const mutable = ['state', ...annotationPaths] as const;

export function nicBindingUpdate({
  now,
}: Dependencies): Operation<inventoryV1.UpdateNicBindingRequest, inventoryV1.NicBinding> {
  return (violations, { nicBinding = create(NicBindingSchema), updateMask }) => {
    const { name, state, etag } = nicBinding;
    const field = 'nic_binding';
    checkName(violations, `${field}.name`, name, nicBindingNames);
    const paths = checkUpdateMask(violations, updateMask, { message: NicBindingSchema, mutable });
    const change: Partial<inventoryV1.NicBinding> = readAnnotations(violations, field, { ...nicBinding, paths });
    if (paths.has('state')) {
      checkEnum(violations, `${field}.state`, state, { desc: NicBindingStateSchema, required: true });
      change.state = state;
    }
    const apply = (stored: inventoryV1.NicBinding) => Object.assign(stored, change);
    return (tx) => update(tx, { collection: nicBindings, name, etag, now: now(), change: apply });
  };
}
