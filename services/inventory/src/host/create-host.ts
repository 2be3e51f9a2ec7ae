import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { birth, maxDisplayNameLength, newName, type Operation, readAnnotations } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import { checkOptionalId, checkText, type Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { hosts } from '../documents.js';
import { hostNames } from '../names.js';

type HostFields = MessageInitShape<typeof inventoryV1.HostSchema>;

export function hostCreation({ now }: Dependencies): Operation<inventoryV1.CreateHostRequest, inventoryV1.Host> {
  return (violations, { hostId, host = create(inventoryV1.HostSchema) }) => {
    checkOptionalId(violations, 'host_id', hostId);
    const fields = readNewHost(violations, host);
    return async (tx) => {
      const format = (id: string) => hostNames.format({ host: id });
      const name = await newName(tx, hosts, { id: hostId, prefix: 'host', format });
      return makeHost(tx, { fields, name, now: now() });
    };
  };
}

/** What a caller says of a new host. */
export function readNewHost(violations: Violations, host: inventoryV1.Host): HostFields {
  checkText(violations, 'host.display_name', host.displayName, maxDisplayNameLength);
  return { displayName: host.displayName, ...readAnnotations(violations, 'host', host) };
}

/** Makes a host under a name that is free. */
export async function makeHost(
  tx: Transaction,
  { fields, name, now }: { fields: HostFields; name: string; now: Date },
): Promise<inventoryV1.Host> {
  const made = create(inventoryV1.HostSchema, { ...fields, name, ...birth(now) });
  await hosts.put(tx, [made]);
  return made;
}
