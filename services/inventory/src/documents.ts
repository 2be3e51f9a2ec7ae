import { inventoryV1 } from '@portcullis/api';
import { Collection } from '@portcullis/store/resource';

/** What inventory stores. */
export const networks = new Collection({
  kind: 'network',
  schema: inventoryV1.NetworkSchema,
  nameOf: ({ name }) => name,
});

export const hosts = new Collection({ kind: 'host', schema: inventoryV1.HostSchema, nameOf: ({ name }) => name });

export const vmInstances = new Collection({
  kind: 'vmInstance',
  schema: inventoryV1.VmInstanceSchema,
  nameOf: ({ name }) => name,
});

export const nics = new Collection({
  kind: 'nic',
  schema: inventoryV1.NicSchema,
  nameOf: ({ name }) => name,
  linksOf: ({ network, vmInstance }) => ({ network: [network], vmInstance: [vmInstance] }),
});

export const nicBindings = new Collection({
  kind: 'nicBinding',
  schema: inventoryV1.NicBindingSchema,
  nameOf: ({ name }) => name,
  linksOf: ({ host }) => ({ host: [host] }),
  claimsOf: ({ host, interfaceName }) => [`interface ${interfaceName} on ${host}`],
});
