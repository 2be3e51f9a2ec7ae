import { existing, refuse, refuseMissing, update } from '@portcullis/resource';
import { checkCount, checkName, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { networkNames, securityGroupNames } from '../names.js';

const maxNetworks = 500;

/** Reads what AttachNetworks and DetachNetworks have in common. */
export function checkNetworks(securityGroup: string, networks: readonly string[]): void {
  const violations = new Violations();
  checkName(violations, 'security_group', securityGroup, securityGroupNames);
  checkCount(violations, 'networks', networks.length, { min: 1, max: maxNetworks });
  for (const [i, network] of networks.slice(0, maxNetworks).entries())
    checkName(violations, `networks[${i}]`, network, networkNames);
  refuse(violations);
}

export function attachNetworks({
  store,
  commit,
  inventory,
  housekeeping,
  now,
}: Dependencies): Handlers['attachNetworks'] {
  return async (request, { signal }) => {
    const { securityGroup, networks } = request;
    checkNetworks(securityGroup, networks);
    const { value: group } = await store.read((reading) => existing(reading, securityGroups, securityGroup), {
      newest: true,
    });
    const added = networks.filter((network) => !group.networks.includes(network));
    const found = await inventory.findNetworks(added, { signal });
    refuseMissing([...new Set(added)].map((name) => ({ name, found: found.get(name) })));
    const answer = await commit(request, async (tx) => ({
      securityGroup: await update(tx, {
        collection: securityGroups,
        name: securityGroup,
        now: now(),
        change: (changed) => {
          changed.networks = [...new Set([...changed.networks, ...networks])];
        },
      }),
    }));
    // Gone between the question and the commit? Then inventory's watch may have told too early to be of use.
    housekeeping.suspect({ networks });
    return answer;
  };
}
