import { checked, noneFound } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import type { Handlers } from '../handlers.js';
import { readCidrChange } from './add-cidrs.js';
import { changeAddressGroup } from './change-address-group.js';
import { setCidrs } from './cidr-list.js';

export function removeCidrs({ commit, quotas, now }: Dependencies): Handlers['removeCidrs'] {
  return async (request) => {
    const { cidrs, maskedCidrs } = checked((violations) => readCidrChange(violations, request));
    const removed = new Set(maskedCidrs);
    return commit(request, async (tx) => ({
      addressGroup: await changeAddressGroup(tx, {
        name: request.addressGroup,
        quotas,
        now,
        change: (addressGroup) => {
          const has = new Set(addressGroup.maskedCidrs);
          const strangers = cidrs.filter((_, i) => !has.has(maskedCidrs[i] ?? ''));
          if (strangers.length > 0) throw noneFound(strangers, `not in ${request.addressGroup}`);
          const stays = (_: string, i: number) => !removed.has(addressGroup.maskedCidrs[i] ?? '');
          setCidrs(addressGroup, {
            cidrs: addressGroup.cidrs.filter(stays),
            maskedCidrs: addressGroup.maskedCidrs.filter(stays),
          });
        },
      }),
    }));
  };
}
