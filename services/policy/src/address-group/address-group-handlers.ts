import { existing, listPage, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { addressGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { addressGroupNames, projectNames } from '../names.js';
import { addCidrs } from './add-cidrs.js';
import { createAddressGroup } from './create-address-group.js';
import { deleteAddressGroup } from './delete-address-group.js';
import { removeCidrs } from './remove-cidrs.js';
import { updateAddressGroup } from './update-address-group.js';

type AddressGroupHandlers = Pick<
  Handlers,
  | 'createAddressGroup'
  | 'getAddressGroup'
  | 'listAddressGroups'
  | 'updateAddressGroup'
  | 'deleteAddressGroup'
  | 'addCidrs'
  | 'removeCidrs'
>;

export function addressGroupHandlers(dependencies: Dependencies): AddressGroupHandlers {
  const { store } = dependencies;
  return {
    createAddressGroup: createAddressGroup(dependencies),
    updateAddressGroup: updateAddressGroup(dependencies),
    deleteAddressGroup: deleteAddressGroup(dependencies),
    addCidrs: addCidrs(dependencies),
    removeCidrs: removeCidrs(dependencies),

    getAddressGroup: async ({ name }) => {
      requireName('name', name, addressGroupNames);
      const { value } = await store.read((reading) => existing(reading, addressGroups, name));
      return { addressGroup: value };
    },

    listAddressGroups: async (request) => {
      requireName('parent', request.parent, projectNames);
      const prefix = `${request.parent}/addressGroups/`;
      const page = await listPage(store, addressGroups, { request, selection: { prefix }, scope: prefix });
      return { addressGroups: page.items, nextPageToken: page.nextPageToken };
    },
  };
}
