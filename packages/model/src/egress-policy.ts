import type { EgressDefault, Rule, SecurityGroup } from './security-group.js';

/**
 * Whether a rule makes egress a whitelist. A rule that allows everything to its own group, as the automatic one
 * does, is not counted; every other egress rule is, also while it is inactive or matches nobody, so that a
 * whitelist never turns back into "everything allowed" by itself.
 */
export function isCountedEgressRule(rule: Rule, group: string): boolean {
  if (rule.direction !== 'egress') return false;
  const toOwnGroup = rule.protocol === 'all' && rule.remoteGroup === group;
  const isNarrowed = rule.cidr !== undefined || rule.addressGroup !== undefined;
  return !toOwnGroup || isNarrowed;
}

/** Whether a NIC in these groups sends freely. `groups` are the enabled groups of the NIC, at least one. */
export function isEgressOpen(egressDefault: EgressDefault, groups: readonly SecurityGroup[]): boolean {
  switch (egressDefault) {
    case 'allow':
      return true;
    case 'deny':
      return false;
    case 'auto':
      return !groups.some((group) => group.rules.some((rule) => isCountedEgressRule(rule, group.id)));
  }
}
