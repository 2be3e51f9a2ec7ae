import { existing, listPage, maxListed, requireName, toDelete } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { networks, nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { inUse } from '../in-use.js';
import { networkNames, projectNames } from '../names.js';
import { createNetwork } from './create-network.js';
import { updateNetwork } from './update-network.js';

type NetworkHandlers = Pick<
  Handlers,
  'createNetwork' | 'getNetwork' | 'listNetworks' | 'updateNetwork' | 'deleteNetwork'
>;

export function networkHandlers(dependencies: Dependencies): NetworkHandlers {
  const { store, commit } = dependencies;
  return {
    createNetwork: createNetwork(dependencies),

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

    updateNetwork: updateNetwork(dependencies),

    deleteNetwork: async (request) => {
      const { name } = request;
      requireName('name', name, networkNames);
      return commit(request, async (tx) => {
        if (!(await toDelete(tx, networks, request))) return {};
        const users = await nics.list(tx, { link: { name: 'network', target: name }, limit: maxListed + 1 });
        if (users.length > 0) throw inUse(name, users, { reason: 'NETWORK_IN_USE', why: 'the NIC is on the network' });
        await networks.delete(tx, [name]);
        return {};
      });
    },
  };
}
