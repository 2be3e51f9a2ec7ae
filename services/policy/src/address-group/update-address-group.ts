import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { annotationPaths, maxDisplayNameLength, type Operation, readAnnotations, refuse } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import { checkName, checkText, checkUpdateMask } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { addressGroupNames } from '../names.js';
import { changeAddressGroup } from './change-address-group.js';
import { readCidrs, setCidrs } from './cidr-list.js';
import { makeAddressGroup, readNewAddressGroup } from './create-address-group.js';

const { AddressGroupSchema } = policyV1;
const mutable = ['display_name', ...annotationPaths, 'cidrs'] as const;

export function addressGroupUpdate(
  making: Pick<Dependencies, 'quotas' | 'now'>,
): Operation<policyV1.UpdateAddressGroupRequest, policyV1.AddressGroup> {
  return (violations, { addressGroup: sent = create(AddressGroupSchema), updateMask, allowMissing }) => {
    const { name, displayName, etag } = sent;
    const field = 'address_group';
    checkName(violations, `${field}.name`, name, addressGroupNames);
    const paths = checkUpdateMask(violations, updateMask, { message: AddressGroupSchema, mutable });
    if (paths.has('display_name')) checkText(violations, `${field}.display_name`, displayName, maxDisplayNameLength);
    const annotations = readAnnotations(violations, field, { ...sent, paths });
    const cidrs = paths.has('cidrs') ? readCidrs(violations, `${field}.cidrs`, sent) : undefined;
    const makeMissing = async (tx: Transaction) => {
      const fields = readNewAddressGroup(violations, sent);
      refuse(violations);
      return makeAddressGroup(tx, { ...fields, name }, making);
    };
    return (tx) =>
      changeAddressGroup(tx, {
        name,
        etag,
        ...making,
        orElse: allowMissing ? () => makeMissing(tx) : undefined,
        change: (addressGroup) => {
          if (paths.has('display_name')) addressGroup.displayName = displayName;
          Object.assign(addressGroup, annotations);
          if (cidrs) setCidrs(addressGroup, cidrs);
        },
      });
  };
}
