import type { inventoryV1 } from '@portcullis/api';
import { bothFilters, existing, requireName } from '@portcullis/resource';
import { formatPageToken, readPage } from '@portcullis/rpc';
import type { Dependencies } from '../dependencies.js';
import { memberships, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { membershipName, projectNames, securityGroupNames } from '../names.js';

/** Pages of inventory that are read for one page: of a group that holds nearly all NICs, most hold no candidate. */
const maxQuestions = 5;

/** Networks that inventory is asked for; where there are more, all NICs are looked at. */
const maxNetworks = 8;

export function listCandidateNics({ store, inventory }: Dependencies): Handlers['listCandidateNics'] {
  return async (request, { signal }) => {
    const { securityGroup, filter, orderBy } = request;
    const { project } = requireName('security_group', securityGroup, securityGroupNames);
    const scope = `${securityGroup} candidates ${JSON.stringify([filter, orderBy])}`;
    const { after, size } = readPage(request, scope);
    const { value: group } = await store.read((reading) => existing(reading, securityGroups, securityGroup));
    if (group.networks.length === 0) return { candidateNics: [], nextPageToken: '' };
    const position = parsePosition(after);
    const networks = position?.networks ?? (group.networks.length <= maxNetworks ? group.networks : []);
    const question = {
      parent: projectNames.format({ project }),
      filter: (networks.length > 0 && bothFilters(filter, anyNetwork(networks))) || filter,
      orderBy,
    };

    const candidates: inventoryV1.Nic[] = [];
    let pageToken = position?.pageToken ?? '';
    for (let asked = 0; asked < maxQuestions && candidates.length < size; asked += 1) {
      const page = await inventory.listNics({ ...question, pageSize: size - candidates.length, pageToken }, { signal });
      const { value: members } = await store.read((reading) =>
        memberships.getMany(
          reading,
          page.nics.map(({ name: nic }) => membershipName({ securityGroup, nic })),
        ),
      );
      const isMember = (nic: inventoryV1.Nic) =>
        members.get(membershipName({ securityGroup, nic: nic.name }))?.nicUid === nic.uid;
      candidates.push(...page.nics.filter((nic) => group.networks.includes(nic.network) && !isMember(nic)));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    return {
      candidateNics: candidates.map(({ name: nic, vmInstance, network, macAddress, addresses }) => ({
        nic,
        vmInstance,
        network,
        macAddress,
        addresses,
      })),
      nextPageToken: pageToken === '' ? '' : formatPageToken(scope, formatPosition({ pageToken, networks })),
    };
  };
}

function anyNetwork(networks: readonly string[]): string {
  return networks.map((network) => `network = "${network}"`).join(' OR ');
}

/**
 * A page token of inventory, and the networks it was asked for (none: for all): it is good for that question only, and stays good
 * when the group is attached to others in between.
 */
interface Position {
  readonly pageToken: string;
  readonly networks: readonly string[];
}

function formatPosition({ pageToken, networks }: Position): string {
  return [pageToken, ...networks].join(' ');
}

function parsePosition(text: string): Position | undefined {
  const [pageToken, ...networks] = text.split(' ');
  return pageToken === undefined || pageToken === '' ? undefined : { pageToken, networks };
}
