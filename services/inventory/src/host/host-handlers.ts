import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { birth, existing, listPage, maxListed, newName, refuse, requireName } from '@portcullis/resource';
import { checkOptionalId, checkText, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { hosts, nicBindings } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { inUse } from '../in-use.js';
import { hostNames } from '../names.js';
import { maxDisplayNameLength } from '../network/network-fields.js';

type HostHandlers = Pick<Handlers, 'createHost' | 'getHost' | 'listHosts' | 'deleteHost'>;

export function hostHandlers({ store, commit, now }: Dependencies): HostHandlers {
  return {
    createHost: async (request) => {
      const { hostId, host } = request;
      const violations = new Violations();
      const displayName = host?.displayName ?? '';
      checkOptionalId(violations, 'host_id', hostId);
      checkText(violations, 'host.display_name', displayName, maxDisplayNameLength);
      refuse(violations);
      return commit(request, async (tx) => {
        const format = (id: string) => hostNames.format({ host: id });
        const name = await newName(tx, hosts, { id: hostId, prefix: 'host', format });
        const { uid, createTime } = birth(now());
        const made = create(inventoryV1.HostSchema, { name, displayName, uid, createTime });
        await hosts.put(tx, [made]);
        return { host: made };
      });
    },

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
        await existing(tx, hosts, name);
        const users = await nicBindings.list(tx, { link: { name: 'host', target: name }, limit: maxListed + 1 });
        if (users.length > 0) throw inUse(name, users, { reason: 'HOST_IN_USE', why: 'the NIC is bound to the host' });
        await hosts.delete(tx, [name]);
        return {};
      });
    },
  };
}
