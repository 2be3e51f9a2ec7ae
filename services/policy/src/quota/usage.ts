import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import type { Reading } from '@portcullis/store';
import { addressGroups, memberships, rules, securityGroups } from '../documents.js';
import { groupOfRule, parseMembershipName } from '../names.js';

const pageSize = 1000;
const addressGroupPageSize = 50;

/** How much a project holds: counted, name by name. `parent` is `projects/{project}`. */
export async function usageOf(reading: Reading, parent: string): Promise<policyV1.ProjectUsage> {
  const prefix = `${parent}/securityGroups/`;
  const [rulesOf, nicsOf, groupsOf] = [new Tally(), new Tally(), new Tally()];
  for await (const name of namesOf(reading, rules.kind, prefix)) rulesOf.add(groupOfRule(name));
  for await (const name of namesOf(reading, memberships.kind, prefix)) {
    const { securityGroup, nic } = parseMembershipName(name);
    nicsOf.add(securityGroup);
    groupsOf.add(nic);
  }
  return create(policyV1.ProjectUsageSchema, {
    groupCount: await reading.count(securityGroups.kind, prefix),
    maxRulesPerGroup: rulesOf.max,
    maxNicsPerGroup: nicsOf.max,
    maxGroupsPerNic: groupsOf.max,
    ...(await addressGroupUsage(reading, `${parent}/addressGroups/`)),
  });
}

/** Counts CIDRs in what is stored: an address group may be large, so few are held at once. */
async function addressGroupUsage(reading: Reading, prefix: string) {
  let [addressGroupCount, maxCidrsPerAddressGroup, after] = [0, 0, ''];
  for (;;) {
    const page = await addressGroups.list(reading, { prefix, after, limit: addressGroupPageSize });
    addressGroupCount += page.length;
    for (const { cidrs } of page) maxCidrsPerAddressGroup = Math.max(maxCidrsPerAddressGroup, cidrs.length);
    after = page.at(-1)?.name ?? '';
    if (page.length < addressGroupPageSize) return { addressGroupCount, maxCidrsPerAddressGroup };
  }
}

class Tally {
  readonly #counts = new Map<string, number>();
  max = 0;

  add(key: string): void {
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    this.max = Math.max(this.max, count);
  }
}

async function* namesOf(reading: Reading, kind: string, prefix: string): AsyncGenerator<string> {
  let after = '';
  for (;;) {
    const page = await reading.list({ kind, prefix, after, limit: pageSize });
    for (const { name } of page) yield name;
    after = page.at(-1)?.name ?? '';
    if (page.length < pageSize) return;
  }
}
