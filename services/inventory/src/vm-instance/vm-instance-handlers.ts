import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import type { Transaction } from '@portcullis/store';
import {
  checkEnum,
  checkName,
  checkOptionalId,
  checkText,
  checkUpdateMask,
  Violations,
} from '@portcullis/store/resource';
import { refuse } from '../api-errors.js';
import { nics, vmInstances } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { existing, requireName } from '../lookup.js';
import { projectNames, vmInstanceNames } from '../names.js';
import { maxDisplayNameLength } from '../network/network-fields.js';
import { birth, newName } from '../new-resource.js';
import { deleteNics } from '../nic/delete-nics.js';
import { commit, type Dependencies, listPage } from '../store-access.js';
import { update } from '../update.js';

const { VmInstanceSchema, VmInstanceState, VmInstanceStateSchema } = inventoryV1;

type VmInstanceHandlers = Pick<
  Handlers,
  'createVmInstance' | 'getVmInstance' | 'listVmInstances' | 'updateVmInstance' | 'deleteVmInstance'
>;

export function vmInstanceHandlers({ store, now }: Dependencies): VmInstanceHandlers {
  return {
    createVmInstance: async ({ parent, vmInstanceId, vmInstance = create(VmInstanceSchema) }) => {
      const violations = new Violations();
      const { displayName, state } = vmInstance;
      const project = checkName(violations, 'parent', parent, projectNames)?.project ?? '';
      checkOptionalId(violations, 'vm_instance_id', vmInstanceId);
      checkText(violations, 'vm_instance.display_name', displayName, maxDisplayNameLength);
      checkEnum(violations, 'vm_instance.state', state, { desc: VmInstanceStateSchema });
      refuse(violations);
      const { value, revisionToken } = await commit(store, async (tx) => {
        const format = (id: string) => vmInstanceNames.format({ project, vm_instance: id });
        const name = await newName(tx, vmInstances, { id: vmInstanceId, prefix: 'vm', format });
        const made = create(VmInstanceSchema, {
          name,
          displayName,
          state: state || VmInstanceState.STOPPED,
          ...birth(now()),
        });
        await vmInstances.put(tx, [made]);
        return made;
      });
      return { vmInstance: value, revisionToken };
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

    updateVmInstance: async ({ vmInstance = create(VmInstanceSchema), updateMask }) => {
      const violations = new Violations();
      const { name, displayName, state } = vmInstance;
      checkName(violations, 'vm_instance.name', name, vmInstanceNames);
      const mutable = ['display_name', 'state'] as const;
      const paths = checkUpdateMask(violations, updateMask, { message: VmInstanceSchema, mutable });
      const change: Partial<inventoryV1.VmInstance> = {};
      if (paths.has('display_name')) {
        checkText(violations, 'vm_instance.display_name', displayName, maxDisplayNameLength);
        change.displayName = displayName;
      }
      if (paths.has('state')) {
        checkEnum(violations, 'vm_instance.state', state, { desc: VmInstanceStateSchema, required: true });
        change.state = state;
      }
      refuse(violations);
      const { value, revisionToken } = await commit(store, (tx) =>
        update(tx, { collection: vmInstances, name, change, now: now() }),
      );
      return { vmInstance: value, revisionToken };
    },

    deleteVmInstance: async ({ name }) => {
      requireName('name', name, vmInstanceNames);
      const { revisionToken } = await commit(store, (tx) => deleteVmInstance(tx, name));
      return { revisionToken };
    },
  };
}

async function deleteVmInstance(tx: Transaction, name: string): Promise<void> {
  await existing(tx, vmInstances, name);
  const itsNics: string[] = [];
  for await (const nic of nics.all(tx, { link: { name: 'vmInstance', target: name } })) itsNics.push(nic.name);
  await deleteNics(tx, itsNics);
  await vmInstances.delete(tx, [name]);
}
