import type { inventoryV1 } from '@portcullis/api';
import { batch, batchGet, deletion, existing, listPage, once, requiredValue, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { nicNames, projectNames } from '../names.js';
import { nicCreation } from './create-nic.js';
import { deleteNics } from './delete-nics.js';
import { nicUpdate } from './update-nic.js';

type NicHandlers = Pick<
  Handlers,
  | 'createNic'
  | 'getNic'
  | 'listNics'
  | 'updateNic'
  | 'deleteNic'
  | 'batchGetNics'
  | 'batchCreateNics'
  | 'batchUpdateNics'
  | 'batchDeleteNics'
>;

const nicDeletion = deletion({
  collection: nics,
  names: nicNames,
  remove: (tx, { name }: inventoryV1.DeleteNicRequest) => deleteNics(tx, [name]),
});

export function nicHandlers(dependencies: Dependencies): NicHandlers {
  const { store, commit } = dependencies;
  const creation = nicCreation(dependencies);
  const change = nicUpdate(dependencies);
  const one = (nic: inventoryV1.Nic) => ({ nic });
  const many = (found: inventoryV1.Nic[]) => ({ nics: found });
  return {
    createNic: once(commit, creation, one),
    updateNic: once(commit, change, one),
    deleteNic: once(commit, nicDeletion, () => ({})),

    // Policy takes NICs that are not here out of their groups, whichever replica made them.
    batchGetNics: batchGet(store, { collection: nics, names: nicNames, newest: true, answer: many }),
    batchCreateNics: batch(commit, creation, { subject: ['parent', ({ parent }) => parent], answer: many }),
    batchUpdateNics: batch(commit, change, { subject: ['nic.name', ({ nic }) => nic?.name], answer: many }),
    batchDeleteNics: batch(commit, nicDeletion, { subject: ['name', ({ name }) => name], answer: () => ({}) }),

    getNic: async ({ name }) => {
      requireName('name', name, nicNames);
      const { value } = await store.read((reading) => existing(reading, nics, name));
      return { nic: value };
    },

    listNics: async (request) => {
      requireName('parent', request.parent, projectNames);
      const prefix = `${request.parent}/nics/`;
      const vmInstance = requiredValue(request.filter, 'vm_instance');
      const network = requiredValue(request.filter, 'network');
      const { items, nextPageToken } = await listPage(store, nics, {
        request,
        // Only the NICs of the VM, or of the network, are looked at.
        selection: {
          prefix,
          ...(network !== undefined && { link: { name: 'network', target: network } }),
          ...(vmInstance !== undefined && { link: { name: 'vmInstance', target: vmInstance } }),
        },
        scope: prefix,
        // Policy guards all NICs of a VM at once, whichever replica made them.
        newest: vmInstance !== undefined,
      });
      return { nics: items, nextPageToken };
    },
  };
}
