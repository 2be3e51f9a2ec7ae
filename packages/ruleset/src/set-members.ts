import type { HostAddressGroup, MemberSet } from '@portcullis/compile';
import type { Family } from '@portcullis/model';
import { kernelAddress, networkMembers, requiredCidr } from './kernel-address.js';

type Members = Readonly<Record<Family, ReadonlySet<string>>>;

const noMembers: Members = { 4: new Set(), 6: new Set() };
/** Most texts that are remembered; forgetting costs a little time only. */
const maxTexts = 200_000;

/**
 * The members of remote groups and address groups by family, as the kernel prints them.
 *
 * Owns: what was made of an object; while it is the same one, so are the members.
 * Does not own: which of them a host needs, and in which set (FamilyRules). CIDRs and flows that rules bring with them are no
 * object of the state.
 */
export class SetMembers {
  readonly #ofAddresses = new WeakMap<MemberSet, Members>();
  readonly #ofCidrs = new WeakMap<HostAddressGroup, Members>();
  readonly #addressTexts = new Map<string, string>();

  /** Of a remote group; none of one that is unknown. */
  ofAddresses(memberSet: MemberSet | undefined): Members {
    if (memberSet === undefined) return noMembers;
    const members = this.#ofAddresses.get(memberSet) ?? this.#splitAddresses(memberSet.addresses);
    this.#ofAddresses.set(memberSet, members);
    return members;
  }

  /** Of an address group; none of one that is unknown. */
  ofCidrs(group: HostAddressGroup | undefined): Members {
    if (group === undefined) return noMembers;
    const members = this.#ofCidrs.get(group) ?? splitCidrs(group.cidrs);
    this.#ofCidrs.set(group, members);
    return members;
  }

  /** IPv4 has one text; of IPv6 the texts are remembered. */
  #splitAddresses(addresses: ReadonlySet<string>): Members {
    const split = { 4: new Set<string>(), 6: new Set<string>() };
    const texts = this.#addressTexts;
    if (texts.size > maxTexts) texts.clear();
    for (const address of addresses) {
      if (!address.includes(':')) {
        split[4].add(address);
        continue;
      }
      let text = texts.get(address);
      if (text === undefined) {
        text = kernelAddress(address);
        texts.set(address, text);
      }
      split[6].add(text);
    }
    return split;
  }
}

function splitCidrs(cidrs: ReadonlySet<string>): Members {
  const split = { 4: new Set<string>(), 6: new Set<string>() };
  for (const text of cidrs) {
    const cidr = requiredCidr(text);
    for (const member of networkMembers(cidr)) split[cidr.family].add(member);
  }
  return split;
}
