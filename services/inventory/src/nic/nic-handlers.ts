import { existing, listPage, requireName, toDelete } from '@portcullis/resource';
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
      const { items, nextPageToken } = await listPage(store, nics, { request, selection: { prefix }, scope: prefix });
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
