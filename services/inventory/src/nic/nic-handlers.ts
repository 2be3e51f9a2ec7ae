import { existing, listPage, requiredValue, requireName, toDelete } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { nicNames, projectNames } from '../names.js';
import { batchGetNics } from './batch-get-nics.js';
import { createNic } from './create-nic.js';
import { deleteNics } from './delete-nics.js';
import { updateNic } from './update-nic.js';

type NicHandlers = Pick<Handlers, 'createNic' | 'getNic' | 'listNics' | 'batchGetNics' | 'updateNic' | 'deleteNic'>;

export function nicHandlers(dependencies: Dependencies): NicHandlers {
  const { store, commit } = dependencies;
  return {
    createNic: createNic(dependencies),

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

    batchGetNics: batchGetNics(dependencies),

    updateNic: updateNic(dependencies),

    deleteNic: async (request) => {
      const { name } = request;
      requireName('name', name, nicNames);
      return commit(request, async (tx) => {
        if (await toDelete(tx, nics, request)) await deleteNics(tx, [name]);
        return {};
      });
    },
  };
}
