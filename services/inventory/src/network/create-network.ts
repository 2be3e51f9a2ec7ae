import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { birth, newName, refuse } from '@portcullis/resource';
import { checkName, checkOptionalId, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { networks } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { networkNames, projectNames } from '../names.js';
import { readNetwork, routingDomainOf } from './network-fields.js';

export function createNetwork({ commit, now }: Dependencies): Handlers['createNetwork'] {
  return async (request) => {
    const { parent, networkId, network = create(inventoryV1.NetworkSchema) } = request;
    const violations = new Violations();
    const project = checkName(violations, 'parent', parent, projectNames)?.project ?? '';
    checkOptionalId(violations, 'network_id', networkId);
    const fields = readNetwork(violations, network);
    refuse(violations);
    return commit(request, async (tx) => {
      const format = (id: string) => networkNames.format({ project, network: id });
      const name = await newName(tx, networks, { id: networkId, prefix: 'net', format });
      const routingDomain = routingDomainOf(fields, name);
      const made = create(inventoryV1.NetworkSchema, { ...fields, name, routingDomain, ...birth(now()) });
      await networks.put(tx, [made]);
      return { network: made };
    });
  };
}
