import type { inventoryV1 } from '@portcullis/api';
import { batch, batchGet, deletion, existing, listPage, once, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { nics, vmInstances } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { projectNames, vmInstanceNames } from '../names.js';
import { deleteNics } from '../nic/delete-nics.js';
import { vmInstanceCreation } from './create-vm-instance.js';
import { vmInstanceUpdate } from './update-vm-instance.js';

type VmInstanceHandlers = Pick<
  Handlers,
  | 'createVmInstance'
  | 'getVmInstance'
  | 'listVmInstances'
  | 'updateVmInstance'
  | 'deleteVmInstance'
  | 'batchGetVmInstances'
  | 'batchCreateVmInstances'
  | 'batchUpdateVmInstances'
  | 'batchDeleteVmInstances'
>;

const vmInstanceDeletion = deletion({
  collection: vmInstances,
  names: vmInstanceNames,
  remove: async (tx, { name }: inventoryV1.DeleteVmInstanceRequest) => {
    const itsNics: string[] = [];
    for await (const nic of nics.all(tx, { link: { name: 'vmInstance', target: name } })) itsNics.push(nic.name);
    await deleteNics(tx, itsNics);
    await vmInstances.delete(tx, [name]);
  },
});

export function vmInstanceHandlers(dependencies: Dependencies): VmInstanceHandlers {
  const { store, commit } = dependencies;
  const creation = vmInstanceCreation(dependencies);
  const change = vmInstanceUpdate(dependencies);
  const one = (vmInstance: inventoryV1.VmInstance) => ({ vmInstance });
  const many = (found: inventoryV1.VmInstance[]) => ({ vmInstances: found });
  return {
    createVmInstance: once(commit, creation, one),
    updateVmInstance: once(commit, change, one),
    deleteVmInstance: once(commit, vmInstanceDeletion, () => ({})),

    batchGetVmInstances: batchGet(store, { collection: vmInstances, names: vmInstanceNames, answer: many }),
    batchCreateVmInstances: batch(commit, creation, { subject: ['parent', ({ parent }) => parent], answer: many }),
    batchUpdateVmInstances: batch(commit, change, {
      subject: ['vm_instance.name', ({ vmInstance }) => vmInstance?.name],
      answer: many,
    }),
    batchDeleteVmInstances: batch(commit, vmInstanceDeletion, {
      subject: ['name', ({ name }) => name],
      answer: () => ({}),
    }),

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
  };
}
