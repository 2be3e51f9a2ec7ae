import { noneFound } from '../api-errors.js';
import type { Dependencies } from '../dependencies.js';
import { memberships, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { existing } from '../lookup.js';
import { membershipName } from '../names.js';
import { commit } from '../store-access.js';
import { checkNics } from './nic-list.js';

export function removeNics({ store }: Dependencies): Handlers['removeNics'] {
  return async ({ securityGroup, nics }) => {
    checkNics(securityGroup, nics);
    const names = new Map([...new Set(nics)].map((nic) => [membershipName({ securityGroup, nic }), nic]));
    const { revisionToken } = await commit(store, async (tx) => {
      await existing(tx, securityGroups, securityGroup);
      const found = await memberships.getMany(tx, [...names.keys()]);
      const strangers = [...names].flatMap(([name, nic]) => (found.has(name) ? [] : [nic]));
      if (strangers.length > 0) throw noneFound(strangers, `not in ${securityGroup}`);
      await memberships.delete(tx, [...names.keys()]);
    });
    return { revisionToken };
  };
}
