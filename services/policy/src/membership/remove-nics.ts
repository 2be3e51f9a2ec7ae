import { existing, noneFound } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { memberships, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { membershipName } from '../names.js';
import { checkNics } from './nic-list.js';

export function removeNics({ commit }: Dependencies): Handlers['removeNics'] {
  return async (request) => {
    const { securityGroup, nics } = request;
    checkNics(securityGroup, nics);
    const names = new Map([...new Set(nics)].map((nic) => [membershipName({ securityGroup, nic }), nic]));
    return commit(request, async (tx) => {
      await existing(tx, securityGroups, securityGroup);
      const found = await memberships.getMany(tx, [...names.keys()]);
      const strangers = [...names].flatMap(([name, nic]) => (found.has(name) ? [] : [nic]));
      if (strangers.length > 0) throw noneFound(strangers, `not in ${securityGroup}`);
      await memberships.delete(tx, [...names.keys()]);
      return {};
    });
  };
}
