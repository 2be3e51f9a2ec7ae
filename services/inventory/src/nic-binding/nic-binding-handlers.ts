import type { inventoryV1 } from '@portcullis/api';
import { batch, batchGet, deletion, existing, listPage, once, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { nicBindings, nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { nicBindingNames, nicNames, projectNames } from '../names.js';
import { nicBindingCreation } from './create-nic-binding.js';
import { nicBindingUpdate } from './update-nic-binding.js';

type NicBindingHandlers = Pick<
  Handlers,
  | 'createNicBinding'
  | 'getNicBinding'
  | 'listNicBindings'
  | 'updateNicBinding'
  | 'deleteNicBinding'
  | 'batchGetNicBindings'
  | 'batchCreateNicBindings'
  | 'batchUpdateNicBindings'
  | 'batchDeleteNicBindings'
>;

const nicBindingDeletion = deletion({
  collection: nicBindings,
  names: nicBindingNames,
  remove: (tx, { name }: inventoryV1.DeleteNicBindingRequest) => nicBindings.delete(tx, [name]),
});

export function nicBindingHandlers(dependencies: Dependencies): NicBindingHandlers {
  const { store, commit } = dependencies;
  const creation = nicBindingCreation(dependencies);
  const change = nicBindingUpdate(dependencies);
  const one = (nicBinding: inventoryV1.NicBinding) => ({ nicBinding });
  const many = (found: inventoryV1.NicBinding[]) => ({ nicBindings: found });
  return {
    createNicBinding: once(commit, creation, one),
    updateNicBinding: once(commit, change, one),
    deleteNicBinding: once(commit, nicBindingDeletion, () => ({})),

    batchGetNicBindings: batchGet(store, { collection: nicBindings, names: nicBindingNames, answer: many }),
    batchCreateNicBindings: batch(commit, creation, { subject: ['parent', ({ parent }) => parent], answer: many }),
    batchUpdateNicBindings: batch(commit, change, {
      subject: ['nic_binding.name', ({ nicBinding }) => nicBinding?.name],
      answer: many,
    }),
    batchDeleteNicBindings: batch(commit, nicBindingDeletion, {
      subject: ['name', ({ name }) => name],
      answer: () => ({}),
    }),

    getNicBinding: async ({ name }) => {
      requireName('name', name, nicBindingNames);
      const { value } = await store.read((reading) => existing(reading, nicBindings, name));
      return { nicBinding: value };
    },

    listNicBindings: async (request) => {
      const { prefix, nic } = readParent(request.parent);
      if (nic !== undefined) await store.read((reading) => existing(reading, nics, nic));
      const scope = `${request.parent}/bindings/`;
      const page = await listPage(store, nicBindings, { request, selection: { prefix }, scope });
      return { nicBindings: page.items, nextPageToken: page.nextPageToken };
    },
  };
}

/** One NIC, or all NICs of a project: `projects/{project}/nics/-`. */
function readParent(parent: string): { prefix: string; nic?: string } {
  const project = /^(.*)\/nics\/-$/.exec(parent)?.[1];
  if (project !== undefined && projectNames.parse(project)) return { prefix: `${project}/nics/` };
  requireName('parent', parent, nicNames);
  return { prefix: `${parent}/bindings/`, nic: parent };
}
