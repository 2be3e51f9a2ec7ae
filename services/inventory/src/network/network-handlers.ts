import type { inventoryV1 } from '@portcullis/api';
import { batch, batchGet, deletion, existing, listPage, maxListed, once, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { networks, nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { inUse } from '../in-use.js';
import { networkNames, projectNames } from '../names.js';
import { networkCreation } from './create-network.js';
import { networkUpdate } from './update-network.js';

type NetworkHandlers = Pick<
  Handlers,
  | 'createNetwork'
  | 'getNetwork'
  | 'listNetworks'
  | 'updateNetwork'
  | 'deleteNetwork'
  | 'batchGetNetworks'
  | 'batchCreateNetworks'
  | 'batchUpdateNetworks'
  | 'batchDeleteNetworks'
>;

const networkDeletion = deletion({
  collection: networks,
  names: networkNames,
  remove: async (tx, { name }: inventoryV1.DeleteNetworkRequest) => {
    const users = await nics.list(tx, { link: { name: 'network', target: name }, limit: maxListed + 1 });
    if (users.length > 0) throw inUse(name, users, { reason: 'NETWORK_IN_USE', why: 'the NIC is on the network' });
    await networks.delete(tx, [name]);
  },
});

export function networkHandlers(dependencies: Dependencies): NetworkHandlers {
  const { store, commit } = dependencies;
  const creation = networkCreation(dependencies);
  const change = networkUpdate(dependencies);
  const one = (network: inventoryV1.Network) => ({ network });
  const many = (found: inventoryV1.Network[]) => ({ networks: found });
  return {
    createNetwork: once(commit, creation, one),
    updateNetwork: once(commit, change, one),
    deleteNetwork: once(commit, networkDeletion, () => ({})),

    batchGetNetworks: batchGet(store, { collection: networks, names: networkNames, answer: many }),
    batchCreateNetworks: batch(commit, creation, { subject: ['parent', ({ parent }) => parent], answer: many }),
    batchUpdateNetworks: batch(commit, change, {
      subject: ['network.name', ({ network }) => network?.name],
      answer: many,
    }),
    batchDeleteNetworks: batch(commit, networkDeletion, { subject: ['name', ({ name }) => name], answer: () => ({}) }),

    getNetwork: async ({ name }) => {
      requireName('name', name, networkNames);
      // Policy takes groups off networks that are not here, whichever replica made them.
      const { value } = await store.read((reading) => existing(reading, networks, name), { newest: true });
      return { network: value };
    },

    listNetworks: async (request) => {
      requireName('parent', request.parent, projectNames);
      const prefix = `${request.parent}/networks/`;
      const { items, nextPageToken } = await listPage(store, networks, {
        request,
        selection: { prefix },
        scope: prefix,
      });
      return { networks: items, nextPageToken };
    },
  };
}
