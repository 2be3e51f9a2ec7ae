import type { policyV1 } from '@portcullis/api';
import { quotaExceeded } from '@portcullis/rpc';
import type { Reading } from '@portcullis/store';
import { addressGroups, memberships, ofGroup, projectQuotas, rules, securityGroups } from '../documents.js';
import { membershipName, projectOf } from '../names.js';

/** How much a project may hold. */
export interface Limits {
  readonly groupsPerProject: number;
  readonly rulesPerGroup: number;
  readonly nicsPerGroup: number;
  readonly groupsPerNic: number;
  readonly addressGroupsPerProject: number;
  readonly cidrsPerAddressGroup: number;
}

export const defaultLimits: Limits = {
  groupsPerProject: 10_000,
  rulesPerGroup: 2000,
  nicsPerGroup: 100_000,
  groupsPerNic: 100,
  addressGroupsPerProject: 100,
  cidrsPerAddressGroup: 1000,
};

/** The largest limit that a message can say. */
export const maxInt32 = 2 ** 31 - 1;

/** NICs that an error names. */
const maxNamed = 10;

/** Refuses growth beyond the limits of a project, in the transaction that grows. Throws RESOURCE_EXHAUSTED. */
export class Quotas {
  readonly #defaults: Limits;

  constructor(defaults: Limits) {
    this.#defaults = defaults;
  }

  /** The limits of a quota, those that it leaves out included. */
  complete(quota: { readonly [Name in keyof Limits]?: number | undefined } | undefined): Limits {
    return {
      groupsPerProject: quota?.groupsPerProject ?? this.#defaults.groupsPerProject,
      rulesPerGroup: quota?.rulesPerGroup ?? this.#defaults.rulesPerGroup,
      nicsPerGroup: quota?.nicsPerGroup ?? this.#defaults.nicsPerGroup,
      groupsPerNic: quota?.groupsPerNic ?? this.#defaults.groupsPerNic,
      addressGroupsPerProject: quota?.addressGroupsPerProject ?? this.#defaults.addressGroupsPerProject,
      cidrsPerAddressGroup: quota?.cidrsPerAddressGroup ?? this.#defaults.cidrsPerAddressGroup,
    };
  }

  /** One group, or more of its project. */
  async refuseGroup(reading: Reading, group: string, added = 1): Promise<void> {
    const subject = projectOf(group);
    const { groupsPerProject } = await this.#limitsOf(reading, group);
    const count = await reading.count(securityGroups.kind, `${subject}/securityGroups/`);
    refuse([{ subject, count, added }], groupsPerProject, 'groups');
  }

  async refuseAddressGroup(reading: Reading, addressGroup: string): Promise<void> {
    const subject = projectOf(addressGroup);
    const { addressGroupsPerProject } = await this.#limitsOf(reading, addressGroup);
    const count = await reading.count(addressGroups.kind, `${subject}/addressGroups/`);
    refuse([{ subject, count, added: 1 }], addressGroupsPerProject, 'address groups');
  }

  async refuseCidrs(
    reading: Reading,
    addressGroup: string,
    { before, after }: { before: number; after: number },
  ): Promise<void> {
    if (after <= before) return;
    const { cidrsPerAddressGroup } = await this.#limitsOf(reading, addressGroup);
    refuse([{ subject: addressGroup, count: before, added: after - before }], cidrsPerAddressGroup, 'CIDRs');
  }

  async refuseRules(reading: Reading, group: string, added: number): Promise<void> {
    const { rulesPerGroup } = await this.#limitsOf(reading, group);
    const count = await reading.count(rules.kind, `${group}/rules/`);
    refuse([{ subject: group, count, added }], rulesPerGroup, 'rules');
  }

  /** NICs that are in the group already are no growth. */
  async refuseNics(reading: Reading, group: string, joining: readonly policyV1.Membership[]): Promise<void> {
    const members = await reading.getMany(memberships.kind, joining.map(membershipName));
    const added = joining.filter((membership) => !members.has(membershipName(membership))).map(({ nic }) => nic);
    if (added.length === 0) return;
    const { nicsPerGroup, groupsPerNic } = await this.#limitsOf(reading, group);
    const count = await reading.count(memberships.kind, ofGroup(group).prefix);
    refuse([{ subject: group, count, added: added.length }], nicsPerGroup, 'NICs');
    const groupCounts = await reading.countLinks(memberships.kind, 'nic', added);
    const growing = [...groupCounts].map(([subject, groupCount]) => ({ subject, count: groupCount, added: 1 }));
    refuse(growing, groupsPerNic, 'groups');
  }

  /** Those of the project of `name`. */
  async #limitsOf(reading: Reading, name: string): Promise<Limits> {
    return this.complete(await projectQuotas.get(reading, `${projectOf(name)}/quota`));
  }
}

interface Growth {
  /** Whose quota it is. */
  readonly subject: string;
  readonly count: number;
  readonly added: number;
}

function refuse(growing: readonly Growth[], limit: number, what: string): void {
  const tooMany = growing.filter(({ count, added }) => added > 0 && count + added > limit);
  const failures = tooMany.slice(0, maxNamed).map(({ subject, count, added }) => ({
    subject,
    description: `has ${count} ${what}, ${added} more would exceed ${limit}`,
  }));
  const [first] = failures;
  if (first) throw quotaExceeded(`${first.subject} ${first.description}`, failures);
}
