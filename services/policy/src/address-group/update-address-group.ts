import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { annotationPaths, checked, maxDisplayNameLength, readAnnotations } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import { checkName, checkText, checkUpdateMask, type Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import type { Handlers } from '../handlers.js';
import { addressGroupNames } from '../names.js';
import { changeAddressGroup } from './change-address-group.js';
import { readCidrs, setCidrs } from './cidr-list.js';
import { makeAddressGroup, readNewAddressGroup } from './create-address-group.js';

const { AddressGroupSchema } = policyV1;
const mutable = ['display_name', ...annotationPaths, 'cidrs'] as const;

export function updateAddressGroup(dependencies: Dependencies): Handlers['updateAddressGroup'] {
  return async (request) => {
    const change = checked((violations) => addressGroupUpdate(violations, request, dependencies));
    return dependencies.commit(request, async (tx) => ({ addressGroup: await change(tx) }));
  };
}

/** Reads a request; what it returns carries it out. */
function addressGroupUpdate(
  violations: Violations,
  { addressGroup: sent = create(AddressGroupSchema), updateMask, allowMissing }: policyV1.UpdateAddressGroupRequest,
  dependencies: Pick<Dependencies, 'quotas' | 'now'>,
): (tx: Transaction) => Promise<policyV1.AddressGroup> {
  const { name, displayName, etag } = sent;
  const field = 'address_group';
  checkName(violations, `${field}.name`, name, addressGroupNames);
  const paths = checkUpdateMask(violations, updateMask, { message: AddressGroupSchema, mutable });
  if (paths.has('display_name')) checkText(violations, `${field}.display_name`, displayName, maxDisplayNameLength);
  const annotations = readAnnotations(violations, field, { ...sent, paths });
  const cidrs = paths.has('cidrs') ? readCidrs(violations, `${field}.cidrs`, sent) : undefined;
  const makeMissing = async (tx: Transaction) => {
    const fields = checked((found) => readNewAddressGroup(found, sent));
    return makeAddressGroup(tx, { ...fields, name }, dependencies);
  };
  return (tx) =>
    changeAddressGroup(tx, {
      name,
      etag,
      ...dependencies,
      orElse: allowMissing ? () => makeMissing(tx) : undefined,
      change: (addressGroup) => {
        if (paths.has('display_name')) addressGroup.displayName = displayName;
        Object.assign(addressGroup, annotations);
        if (cidrs) setCidrs(addressGroup, cidrs);
      },
    });
}
