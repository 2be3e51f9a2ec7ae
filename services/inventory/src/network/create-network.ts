import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { checkName, checkOptionalId, Violations } from '@portcullis/store/resource';
import { refuse } from '../api-errors.js';
import { networks } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { networkNames, projectNames } from '../names.js';
import { birth, newName } from '../new-resource.js';
import { commit, type Dependencies } from '../store-access.js';
import { readNetwork, routingDomainOf } from './network-fields.js';

export function createNetwork({ store, now }: Dependencies): Handlers['createNetwork'] {
  return async ({ parent, networkId, network = create(inventoryV1.NetworkSchema) }) => {
    const violations = new Violations();
    const project = checkName(violations, 'parent', parent, projectNames)?.project ?? '';
    checkOptionalId(violations, 'network_id', networkId);
    const fields = readNetwork(violations, network);
    refuse(violations);
    const { value, revisionToken } = await commit(store, async (tx) => {
      const format = (id: string) => networkNames.format({ project, network: id });
      const name = await newName(tx, networks, { id: networkId, prefix: 'net', format });
      const routingDomain = routingDomainOf(fields, name);
      const made = create(inventoryV1.NetworkSchema, { ...fields, name, routingDomain, ...birth(now()) });
      await networks.put(tx, [made]);
      return made;
    });
    return { network: value, revisionToken };
  };
}
