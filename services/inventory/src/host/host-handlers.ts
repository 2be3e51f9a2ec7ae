import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { existing, listPage, maxListed, newName, refuse, requireName, toDelete } from '@portcullis/resource';
import { checkOptionalId, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { hosts, nicBindings } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { inUse } from '../in-use.js';
import { hostNames } from '../names.js';
import { makeHost, readNewHost } from './new-host.js';
import { updateHost } from './update-host.js';

type HostHandlers = Pick<Handlers, 'createHost' | 'updateHost' | 'getHost' | 'listHosts' | 'deleteHost'>;

export function hostHandlers(dependencies: Dependencies): HostHandlers {
  const { store, commit, now } = dependencies;
  return {
    createHost: async (request) => {
      const { hostId, host = create(inventoryV1.HostSchema) } = request;
      const violations = new Violations();
      checkOptionalId(violations, 'host_id', hostId);
      const fields = readNewHost(violations, host);
      refuse(violations);
      return commit(request, async (tx) => {
        const format = (id: string) => hostNames.format({ host: id });
        const name = await newName(tx, hosts, { id: hostId, prefix: 'host', format });
        return { host: await makeHost(tx, { fields, name, now: now() }) };
      });
    },

    updateHost: updateHost(dependencies),

    getHost: async ({ name }) => {
      requireName('name', name, hostNames);
      const { value } = await store.read((reading) => existing(reading, hosts, name));
      return { host: value };
    },

    listHosts: async (request) => {
      const { items, nextPageToken } = await listPage(store, hosts, { request, selection: {}, scope: 'hosts/' });
      return { hosts: items, nextPageToken };
    },

    deleteHost: async (request) => {
      const { name } = request;
      requireName('name', name, hostNames);
      return commit(request, async (tx) => {
        if (!(await toDelete(tx, hosts, request))) return {};
        const users = await nicBindings.list(tx, { link: { name: 'host', target: name }, limit: maxListed + 1 });
        if (users.length > 0) throw inUse(name, users, { reason: 'HOST_IN_USE', why: 'the NIC is bound to the host' });
        await hosts.delete(tx, [name]);
        return {};
      });
    },
  };
}
