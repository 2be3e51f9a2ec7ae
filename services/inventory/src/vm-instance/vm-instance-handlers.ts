import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import {
  annotationPaths,
  birth,
  checked,
  existing,
  listPage,
  maxDisplayNameLength,
  newName,
  readAnnotations,
  refuse,
  requireName,
  toDelete,
  update,
} from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import {
  checkEnum,
  checkName,
  checkOptionalId,
  checkText,
  checkUpdateMask,
  Violations,
} from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { nics, vmInstances } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { projectNames, vmInstanceNames } from '../names.js';
import { deleteNics } from '../nic/delete-nics.js';

const { VmInstanceSchema, VmInstanceState, VmInstanceStateSchema } = inventoryV1;

type VmInstanceHandlers = Pick<
  Handlers,
  'createVmInstance' | 'getVmInstance' | 'listVmInstances' | 'updateVmInstance' | 'deleteVmInstance'
>;

export function vmInstanceHandlers({ store, commit, now }: Dependencies): VmInstanceHandlers {
  return {
    createVmInstance: async (request) => {
      const { parent, vmInstanceId, vmInstance = create(VmInstanceSchema) } = request;
      const violations = new Violations();
      const project = checkName(violations, 'parent', parent, projectNames)?.project ?? '';
      checkOptionalId(violations, 'vm_instance_id', vmInstanceId);
      const fields = readNewVm(violations, vmInstance);
      refuse(violations);
      return commit(request, async (tx) => {
        const format = (id: string) => vmInstanceNames.format({ project, vm_instance: id });
        const name = await newName(tx, vmInstances, { id: vmInstanceId, prefix: 'vm', format });
        return { vmInstance: await makeVm(tx, { fields, name, now: now() }) };
      });
    },

    getVmInstance: async ({ name }) => {
      requireName('name', name, vmInstanceNames);
      const { value } = await store.read((reading) => existing(reading, vmInstances, name));
      return { vmInstance: value };
    },

    listVmInstances: async (request) => {
      requireName('parent', request.parent, projectNames);
      const prefix = `${request.parent}/vmInstances/`;
      const page = await listPage(store, vmInstances, { request, selection: { prefix }, scope: prefix });
      return { vmInstances: page.items, nextPageToken: page.nextPageToken };
    },

    updateVmInstance: async (request) => {
      const { vmInstance = create(VmInstanceSchema), updateMask } = request;
      const violations = new Violations();
      const { name, displayName, state } = vmInstance;
      checkName(violations, 'vm_instance.name', name, vmInstanceNames);
      const mutable = ['display_name', ...annotationPaths, 'state'] as const;
      const paths = checkUpdateMask(violations, updateMask, { message: VmInstanceSchema, mutable });
      const change: Partial<inventoryV1.VmInstance> = readAnnotations(violations, 'vm_instance', {
        ...vmInstance,
        paths,
      });
      if (paths.has('display_name')) {
        checkText(violations, 'vm_instance.display_name', displayName, maxDisplayNameLength);
        change.displayName = displayName;
      }
      if (paths.has('state')) {
        checkEnum(violations, 'vm_instance.state', state, { desc: VmInstanceStateSchema, required: true });
        change.state = state;
      }
      refuse(violations);
      const readNew = (found: Violations) => readNewVm(found, vmInstance);
      const apply = (stored: inventoryV1.VmInstance) => Object.assign(stored, change);
      return commit(request, async (tx) => ({
        vmInstance: await update(tx, {
          collection: vmInstances,
          name,
          etag: vmInstance.etag,
          change: apply,
          now: now(),
          orElse: request.allowMissing ? () => makeVm(tx, { fields: checked(readNew), name, now: now() }) : undefined,
        }),
      }));
    },

    deleteVmInstance: async (request) => {
      requireName('name', request.name, vmInstanceNames);
      return commit(request, async (tx) => {
        if (await toDelete(tx, vmInstances, request)) await deleteVmInstance(tx, request.name);
        return {};
      });
    },
  };
}

type VmFields = MessageInitShape<typeof VmInstanceSchema>;

/** What a caller says of a new VM. */
function readNewVm(violations: Violations, vmInstance: inventoryV1.VmInstance): VmFields {
  const { displayName, state } = vmInstance;
  checkText(violations, 'vm_instance.display_name', displayName, maxDisplayNameLength);
  const annotations = readAnnotations(violations, 'vm_instance', vmInstance);
  checkEnum(violations, 'vm_instance.state', state, { desc: VmInstanceStateSchema });
  return { displayName, ...annotations, state: state || VmInstanceState.STOPPED };
}

/** Makes a VM under a name that is free. */
async function makeVm(
  tx: Transaction,
  { fields, name, now }: { fields: VmFields; name: string; now: Date },
): Promise<inventoryV1.VmInstance> {
  const made = create(VmInstanceSchema, { ...fields, name, ...birth(now) });
  await vmInstances.put(tx, [made]);
  return made;
}

async function deleteVmInstance(tx: Transaction, name: string): Promise<void> {
  const itsNics: string[] = [];
  for await (const nic of nics.all(tx, { link: { name: 'vmInstance', target: name } })) itsNics.push(nic.name);
  await deleteNics(tx, itsNics);
  await vmInstances.delete(tx, [name]);
}
