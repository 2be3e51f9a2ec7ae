import { noneFound } from '@portcullis/resource';
import { notFound } from '@portcullis/rpc';
import type { Dependencies } from '../dependencies.js';
import { memberships } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { membershipName } from '../names.js';
import { existingGroups } from './group-list.js';
import { checkVmInstance } from './vm-groups.js';

export function removeVmInstance({ commit, inventory }: Dependencies): Handlers['removeVmInstance'] {
  return async (request, { signal }) => {
    const { vmInstance, securityGroups: names } = request;
    checkVmInstance(request);
    const nics = await inventory.nicsOfVm(vmInstance, { signal });
    if (nics === undefined) throw notFound(vmInstance);
    return commit(request, async (tx) => {
      const groups = await existingGroups(tx, names);
      const wanted = groups.flatMap(({ name: securityGroup }) =>
        nics.map(({ name: nic }) => membershipName({ securityGroup, nic })),
      );
      const found = await memberships.getMany(tx, wanted);
      const left = new Set([...found.values()].map(({ securityGroup }) => securityGroup));
      const strangers = groups.filter(({ name }) => !left.has(name));
      if (strangers.length > 0) {
        throw noneFound(
          strangers.map(({ name }) => name),
          `no NIC of ${vmInstance} is in it`,
        );
      }
      await memberships.delete(tx, [...found.keys()]);
      return {};
    });
  };
}
