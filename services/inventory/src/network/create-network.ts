import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { birth, newName, type Operation } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import { checkName, checkOptionalId } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { networks } from '../documents.js';
import { networkNames, projectNames } from '../names.js';
import { type NetworkFields, readNetwork, routingDomainOf } from './network-fields.js';

export function networkCreation({
  now,
}: Dependencies): Operation<inventoryV1.CreateNetworkRequest, inventoryV1.Network> {
  return (violations, { parent, networkId, network = create(inventoryV1.NetworkSchema) }) => {
    const project = checkName(violations, 'parent', parent, projectNames)?.project ?? '';
    checkOptionalId(violations, 'network_id', networkId);
    const fields = readNetwork(violations, network);
    return async (tx) => {
      const format = (id: string) => networkNames.format({ project, network: id });
      const name = await newName(tx, networks, { id: networkId, prefix: 'net', format });
      return makeNetwork(tx, { fields, name, now: now() });
    };
  };
}

/** Makes a network under a name that is free. */
export async function makeNetwork(
  tx: Transaction,
  { fields, name, now }: { fields: NetworkFields; name: string; now: Date },
): Promise<inventoryV1.Network> {
  const routingDomain = routingDomainOf(fields, name);
  const made = create(inventoryV1.NetworkSchema, { ...fields, name, routingDomain, ...birth(now) });
  await networks.put(tx, [made]);
  return made;
}
