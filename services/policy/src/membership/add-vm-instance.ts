import { failedPrecondition, notFound } from '@portcullis/rpc';
import type { Dependencies } from '../dependencies.js';
import type { Handlers } from '../handlers.js';
import { existingGroups } from './group-list.js';
import { isAttached, join } from './join.js';
import { checkVmInstance } from './vm-groups.js';

export function addVmInstance({
  store,
  commit,
  quotas,
  inventory,
  housekeeping,
}: Dependencies): Handlers['addVmInstance'] {
  return async (request, { signal }) => {
    const { vmInstance, securityGroups: names, attachedOnly } = request;
    checkVmInstance(request);
    await store.read((reading) => existingGroups(reading, names), { newest: true });
    const nics = await inventory.nicsOfVm(vmInstance, { signal });
    if (nics === undefined) throw notFound(vmInstance);
    if (nics.length === 0) {
      const obstacle = { subject: vmInstance, description: 'has no NICs' };
      throw failedPrecondition('VM_INSTANCE_WITHOUT_NICS', `${vmInstance} has no NICs that could join`, [obstacle]);
    }
    const answer = await commit(request, async (tx) => {
      const groups = await existingGroups(tx, names);
      const joining = groups.flatMap((group) => nics.map((nic) => ({ group, nic })));
      return { memberships: await join(tx, attachedOnly ? joining.filter(isAttached) : joining, quotas) };
    });
    // Gone between the question and the commit? Then inventory's watch may have told too early to be of use.
    housekeeping.suspect({ nics: nics.map(({ name }) => name) });
    return answer;
  };
}
