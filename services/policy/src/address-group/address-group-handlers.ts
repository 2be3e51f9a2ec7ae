import type { policyV1 } from '@portcullis/api';
import { batch, batchGet, existing, listPage, once, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { addressGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { addressGroupNames, projectNames } from '../names.js';
import { addCidrs } from './add-cidrs.js';
import { addressGroupCreation } from './create-address-group.js';
import { addressGroupDeletion } from './delete-address-group.js';
import { removeCidrs } from './remove-cidrs.js';
import { addressGroupUpdate } from './update-address-group.js';

type AddressGroupHandlers = Pick<
  Handlers,
  | 'createAddressGroup'
  | 'getAddressGroup'
  | 'listAddressGroups'
  | 'updateAddressGroup'
  | 'deleteAddressGroup'
  | 'addCidrs'
  | 'removeCidrs'
  | 'batchGetAddressGroups'
  | 'batchCreateAddressGroups'
  | 'batchUpdateAddressGroups'
  | 'batchDeleteAddressGroups'
>;

export function addressGroupHandlers(dependencies: Dependencies): AddressGroupHandlers {
  const { store, commit } = dependencies;
  const creation = addressGroupCreation(dependencies);
  const change = addressGroupUpdate(dependencies);
  const removal = addressGroupDeletion(dependencies);
  const one = (made: policyV1.AddressGroup) => ({ addressGroup: made });
  const many = (made: policyV1.AddressGroup[]) => ({ addressGroups: made });
  return {
    createAddressGroup: once(commit, creation, one),
    updateAddressGroup: once(commit, change, one),
    deleteAddressGroup: once(commit, removal, () => ({})),
    addCidrs: addCidrs(dependencies),
    removeCidrs: removeCidrs(dependencies),

    batchGetAddressGroups: batchGet(store, { collection: addressGroups, names: addressGroupNames, answer: many }),
    batchCreateAddressGroups: batch(commit, creation, { subject: ['parent', ({ parent }) => parent], answer: many }),
    batchUpdateAddressGroups: batch(commit, change, {
      subject: ['address_group.name', ({ addressGroup }) => addressGroup?.name],
      answer: many,
    }),
    batchDeleteAddressGroups: batch(commit, removal, {
      subject: ['name', ({ name }) => name],
      answer: () => ({}),
    }),

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
