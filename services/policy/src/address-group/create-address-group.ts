import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { birth, maxDisplayNameLength, newName, type Operation, readAnnotations } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import { checkName, checkOptionalId, checkText, type Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { addressGroups } from '../documents.js';
import { addressGroupNames, projectNames } from '../names.js';
import { readCidrs } from './cidr-list.js';

const { AddressGroupSchema } = policyV1;

type Making = Pick<Dependencies, 'quotas' | 'now'>;

export function addressGroupCreation(
  making: Making,
): Operation<policyV1.CreateAddressGroupRequest, policyV1.AddressGroup> {
  return (violations, { parent, addressGroupId, addressGroup = create(AddressGroupSchema) }) => {
    const project = checkName(violations, 'parent', parent, projectNames)?.project ?? '';
    checkOptionalId(violations, 'address_group_id', addressGroupId);
    const fields = readNewAddressGroup(violations, addressGroup);
    const format = (id: string) => addressGroupNames.format({ project, address_group: id });
    return async (tx) => {
      const name = await newName(tx, addressGroups, { id: addressGroupId, prefix: 'ag', format });
      return makeAddressGroup(tx, { ...fields, name }, making);
    };
  };
}

type AddressGroupFields = MessageInitShape<typeof AddressGroupSchema>;

/** What a caller says of a new address group. */
export function readNewAddressGroup(violations: Violations, sent: policyV1.AddressGroup): AddressGroupFields {
  const { displayName, cidrs } = sent;
  checkText(violations, 'address_group.display_name', displayName, maxDisplayNameLength);
  const annotations = readAnnotations(violations, 'address_group', sent);
  return { displayName, ...annotations, ...readCidrs(violations, 'address_group.cidrs', { cidrs }) };
}

/** Makes an address group under a name that is free. */
export async function makeAddressGroup(
  tx: Transaction,
  fields: AddressGroupFields & { readonly name: string },
  { quotas, now }: Making,
): Promise<policyV1.AddressGroup> {
  const made = create(AddressGroupSchema, { ...fields, version: 1n, ...birth(now()) });
  await quotas.refuseAddressGroup(tx, made.name);
  await quotas.refuseCidrs(tx, made.name, { before: 0, after: made.cidrs.length });
  await addressGroups.put(tx, [made]);
  return made;
}
