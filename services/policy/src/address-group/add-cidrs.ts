import { checked } from '@portcullis/resource';
import { checkName, type Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import type { Handlers } from '../handlers.js';
import { addressGroupNames } from '../names.js';
import { changeAddressGroup } from './change-address-group.js';
import { readCidrs, setCidrs } from './cidr-list.js';

const maxChanged = 1000;

/** Reads what AddCidrs and RemoveCidrs have in common. */
export function readCidrChange(
  violations: Violations,
  { addressGroup, cidrs }: { readonly addressGroup: string; readonly cidrs: readonly string[] },
) {
  checkName(violations, 'address_group', addressGroup, addressGroupNames);
  return readCidrs(violations, 'cidrs', { cidrs, min: 1, max: maxChanged });
}

export function addCidrs({ commit, quotas, now }: Dependencies): Handlers['addCidrs'] {
  return async (request) => {
    const { cidrs, maskedCidrs } = checked((violations) => readCidrChange(violations, request));
    return commit(request, async (tx) => ({
      addressGroup: await changeAddressGroup(tx, {
        name: request.addressGroup,
        quotas,
        now,
        change: (addressGroup) => {
          const has = new Set(addressGroup.maskedCidrs);
          const isNew = (_: string, i: number) => !has.has(maskedCidrs[i] ?? '');
          setCidrs(addressGroup, {
            cidrs: [...addressGroup.cidrs, ...cidrs.filter(isNew)],
            maskedCidrs: [...addressGroup.maskedCidrs, ...maskedCidrs.filter(isNew)],
          });
        },
      }),
    }));
  };
}
