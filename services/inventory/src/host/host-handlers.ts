import type { inventoryV1 } from '@portcullis/api';
import { batch, batchGet, deletion, existing, listPage, maxListed, once, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { hosts, nicBindings } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { inUse } from '../in-use.js';
import { hostNames } from '../names.js';
import { hostCreation } from './create-host.js';
import { hostUpdate } from './update-host.js';

type HostHandlers = Pick<
  Handlers,
  | 'createHost'
  | 'getHost'
  | 'listHosts'
  | 'updateHost'
  | 'deleteHost'
  | 'batchGetHosts'
  | 'batchCreateHosts'
  | 'batchUpdateHosts'
  | 'batchDeleteHosts'
>;

const hostDeletion = deletion({
  collection: hosts,
  names: hostNames,
  remove: async (tx, { name }: inventoryV1.DeleteHostRequest) => {
    const users = await nicBindings.list(tx, { link: { name: 'host', target: name }, limit: maxListed + 1 });
    if (users.length > 0) throw inUse(name, users, { reason: 'HOST_IN_USE', why: 'the NIC is bound to the host' });
    await hosts.delete(tx, [name]);
  },
});

export function hostHandlers(dependencies: Dependencies): HostHandlers {
  const { store, commit } = dependencies;
  const creation = hostCreation(dependencies);
  const change = hostUpdate(dependencies);
  const one = (host: inventoryV1.Host) => ({ host });
  const many = (found: inventoryV1.Host[]) => ({ hosts: found });
  return {
    createHost: once(commit, creation, one),
    updateHost: once(commit, change, one),
    deleteHost: once(commit, hostDeletion, () => ({})),

    batchGetHosts: batchGet(store, { collection: hosts, names: hostNames, answer: many }),
    batchCreateHosts: batch(commit, creation, { answer: many }),
    batchUpdateHosts: batch(commit, change, { answer: many }),
    batchDeleteHosts: batch(commit, hostDeletion, { answer: () => ({}) }),

    getHost: async ({ name }) => {
      requireName('name', name, hostNames);
      const { value } = await store.read((reading) => existing(reading, hosts, name));
      return { host: value };
    },

    listHosts: async (request) => {
      const { items, nextPageToken } = await listPage(store, hosts, { request, selection: {}, scope: 'hosts/' });
      return { hosts: items, nextPageToken };
    },
  };
}
