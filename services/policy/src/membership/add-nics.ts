import { existing, refuseMissing } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { join } from './join.js';
import { checkNics } from './nic-list.js';

export function addNics({ store, commit, quotas, inventory, housekeeping }: Dependencies): Handlers['addNics'] {
  return async (request, { signal }) => {
    const { securityGroup, nics } = request;
    checkNics(securityGroup, nics);
    await store.read((reading) => existing(reading, securityGroups, securityGroup), { newest: true });
    const found = await inventory.findNics(nics, { signal });
    refuseMissing([...new Set(nics)].map((name) => ({ name, found: found.get(name) })));
    const answer = await commit(request, async (tx) => {
      const group = await existing(tx, securityGroups, securityGroup);
      const joining = [...found.values()].map((nic) => ({ group, nic }));
      await join(tx, joining, quotas);
      return {};
    });
    // Gone between the question and the commit? Then inventory's watch may have told too early to be of use.
    housekeeping.suspect({ nics });
    return answer;
  };
}
