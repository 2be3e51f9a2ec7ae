import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { birth, maxDisplayNameLength, readAnnotations } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import { checkText, type Violations } from '@portcullis/store/resource';
import { hosts } from '../documents.js';

type HostFields = MessageInitShape<typeof inventoryV1.HostSchema>;

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
