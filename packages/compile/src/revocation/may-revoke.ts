import type { Rule } from '@portcullis/model';
import type { HostGroup, HostNic, HostState } from '../host-state.js';

/**
 * Whether the way from one state of a host to another may take a permission from a flow. True where it is not certain:
 * rules, members or CIDRs gone, a NIC that is new, newly guarded, in fewer groups, or whose egress closed. What only adds
 * says false, so that nobody has to look at flows.
 */
export function mayRevoke(before: HostState, now: HostState): boolean {
  if (before === now) return false;
  return (
    isSome(before.nics, now.nics, (old, nic) => (old === undefined ? nic.guarded : isNicNarrowed(old, nic))) ||
    isSome(before.groups, now.groups, (old, group) => old !== undefined && hasLostRule(old, group)) ||
    isSome(before.memberSets, now.memberSets, (old, set) => hasLost(old?.addresses, set.addresses)) ||
    isSome(before.addressGroups, now.addressGroups, (old, group) => hasLost(old?.cidrs, group.cidrs))
  );
}

/** Looks at what is not the same object any more. */
function isSome<Value>(
  before: ReadonlyMap<string, Value>,
  now: ReadonlyMap<string, Value>,
  test: (old: Value | undefined, value: Value) => boolean,
): boolean {
  if (before === now) return false;
  for (const [key, value] of now) {
    const old = before.get(key);
    if (old !== value && test(old, value)) return true;
  }
  return false;
}

function isNicNarrowed(old: HostNic, now: HostNic): boolean {
  if (!now.guarded) return false;
  const { groups, egressOpen, ...rest } = now;
  const { groups: oldGroups, egressOpen: wasOpen, ...oldRest } = old;
  if (JSON.stringify(rest) !== JSON.stringify(oldRest)) return true;
  return (wasOpen && !egressOpen) || oldGroups.some((group) => !groups.includes(group));
}

function hasLostRule(old: HostGroup, now: HostGroup): boolean {
  const rules = new Set(now.rules.map(contentOf));
  return old.rules.some((rule) => !rules.has(contentOf(rule)));
}

function contentOf({ id: _, ...content }: Rule): string {
  const { direction, protocol, ports, icmp, cidr, addressGroup, remoteGroup, active } = content;
  return JSON.stringify([direction, protocol, ports, icmp, cidr, addressGroup, remoteGroup, active]);
}

function hasLost(old: ReadonlySet<string> | undefined, now: ReadonlySet<string>): boolean {
  if (old === undefined) return false;
  if (old.size > now.size) return true;
  for (const each of old) if (!now.has(each)) return true;
  return false;
}
