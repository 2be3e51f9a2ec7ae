import { type HostGroup, type HostNic, memberSetKey } from '@portcullis/compile';
import type { Rule } from '@portcullis/model';
import { nothingApplied, planChange } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { describe, expect, it } from 'vitest';
import { Admission } from './admission.js';
import type { Desired } from './desired.js';

const groupId = 'projects/p/securityGroups/g';
const rule: Rule = {
  id: `${groupId}/rules/1`,
  direction: 'ingress',
  protocol: 'all',
  remoteGroup: groupId,
  active: true,
};
const good: HostNic = {
  id: 'projects/p/nics/good',
  interfaceName: 'vnic1.0',
  bridge: 'br0',
  routingDomain: 'a domain of any text; -j ACCEPT',
  mac: '02:00:00:00:00:01',
  addresses: ['10.0.0.1'],
  antiSpoofing: true,
  guarded: true,
  groups: [groupId],
  egressOpen: false,
  dhcpServers: [],
};
const bad: HostNic = { ...good, id: 'projects/p/nics/bad', interfaceName: 'vnic2.0' };
const group: HostGroup = { id: groupId, rules: [rule] };
const key = memberSetKey(groupId, good.routingDomain);

function desiredOf(nics: HostNic[], groups: HostGroup[] = [group], unreadable = new Map<string, string>()): Desired {
  const members = { group: groupId, routingDomain: good.routingDomain, addresses: new Set(['10.0.0.1']) };
  return {
    generation: { policy: 1, inventory: 1 },
    state: {
      nics: new Map(nics.map((nic) => [nic.id, nic])),
      groups: new Map(groups.map((each) => [each.id, each])),
      memberSets: new Map([[key, members]]),
      addressGroups: new Map(),
    },
    unreadable,
  };
}

/** All text that would reach a tool. */
function textOf(desired: Desired): string {
  const { state, closed } = new Admission().admit(desired);
  return JSON.stringify(planChange(nothingApplied, new FirewallRenderer().render(state, closed)).steps);
}

const evil = 'x\nCOMMIT -j ACCEPT "';

describe('S2 what is not what it has to be closes the NIC and reaches no tool', () => {
  it.each<[string, Partial<HostNic>, string]>([
    ['a name with blanks', { id: evil }, 'NIC_INVALID'],
    ['a name that is too long for a comment', { id: `projects/p/nics/${'a'.repeat(255)}` }, 'NIC_INVALID'],
    ['a bridge with blanks', { bridge: evil }, 'NIC_INVALID'],
    ['a bridge that looks like an option', { bridge: '-j' }, 'NIC_INVALID'],
    ['a bridge that ends in a wildcard', { bridge: 'br+' }, 'NIC_INVALID'],
    ['a MAC that is none', { mac: evil }, 'NIC_INVALID'],
    ['a MAC in capitals', { mac: '02:00:00:00:00:AA' }, 'NIC_INVALID'],
    ['an address that is a name', { addresses: ['host.example'] }, 'NIC_INVALID'],
    ['an address with a zone', { addresses: ['fe80::1%eth0'] }, 'NIC_INVALID'],
    ['a DHCP server that is none', { dhcpServers: [evil] }, 'NIC_INVALID'],
    ['an allowed MAC that is none', { allowedPairs: [{ mac: evil, cidr: '10.0.0.9/32' }] }, 'NIC_INVALID'],
    ['an allowed CIDR that is none', { allowedPairs: [{ mac: good.mac, cidr: evil }] }, 'NIC_INVALID'],
    ['a group that was not sent', { groups: ['projects/p/securityGroups/other'] }, 'GROUP_MISSING'],
  ])('%s', (_, fields, reason) => {
    const desired = desiredOf([good, { ...bad, ...fields }]);
    const { state, closed, failures } = new Admission().admit(desired);
    expect(failures).toEqual([expect.objectContaining({ nic: fields.id ?? bad.id, reason })]);
    expect(closed.size).toBe(1);
    expect(state.nics.get(good.id)).toBe(good);
    const text = textOf(desired);
    expect(text).toContain('--physdev-out vnic2.0 -g PC-NI-');
    for (const forged of [evil, 'host.example', '%eth0', 'br+'])
      expect(text).not.toContain(JSON.stringify(forged).slice(1, -1));
  });

  it.each(['', ' ', 'eth0 eth1', 'eth0+', '-j', '!', 'a'.repeat(16), 'a/b', 'é', 'a\n'])(
    'no interface %j can exist, and none is named',
    (interfaceName) => {
      const desired = desiredOf([good, { ...bad, interfaceName }]);
      const { state, failures } = new Admission().admit(desired);
      expect(failures).toEqual([expect.objectContaining({ nic: bad.id, reason: 'NIC_INVALID' })]);
      expect([...state.nics.values()]).toEqual([good]);
    },
  );

  it.each<[string, Partial<Rule>]>([
    ['ports that are not a range', { protocol: 'tcp', ports: { start: 90, end: 80 } }],
    ['port 0', { protocol: 'tcp', ports: { start: 0, end: 80 } }],
    ['half a port', { protocol: 'udp', ports: { start: 1.5, end: 80 } }],
    ['TCP without ports', { protocol: 'tcp' }],
    ['ports of ICMP', { protocol: 'icmp', ports: { start: 1, end: 2 } }],
    ['an ICMP type that is too large', { protocol: 'icmp', icmp: { type: 256 } }],
    ['an ICMP code that is negative', { protocol: 'icmp', icmp: { type: 1, code: -1 } }],
    ['a CIDR that is none', { cidr: evil }],
    ['a CIDR of a name', { cidr: 'host.example/32' }],
  ])('a rule with %s', (_, fields) => {
    const other = { id: 'projects/p/securityGroups/other', rules: [{ ...rule, ...fields }] };
    const desired = desiredOf([good, { ...bad, groups: [other.id] }], [group, other]);
    const { closed, failures } = new Admission().admit(desired);
    expect(failures).toEqual([expect.objectContaining({ nic: bad.id, reason: 'RULES_INVALID' })]);
    expect([...closed]).toEqual([bad.id]);
    expect(textOf(desired)).not.toContain('host.example');
  });

  it('a group this version cannot read closes its NICs', () => {
    const unreadable = new Map([['group g2', 'unknown protocol 9']]);
    const { failures } = new Admission().admit(desiredOf([good, { ...bad, groups: ['g2'] }], [group], unreadable));
    expect(failures).toEqual([{ nic: bad.id, reason: 'RULES_UNREADABLE', message: 'g2: unknown protocol 9' }]);
  });

  it('members that cannot be read close the NICs whose rules name them', () => {
    const other = { ...bad, groups: [], guarded: false };
    const desired = desiredOf([good, other], [group], new Map([[`memberSet ${key}`, '"x" is not an address']]));
    const { failures } = new Admission().admit(desired);
    expect(failures).toEqual([expect.objectContaining({ nic: good.id, reason: 'MEMBERS_INVALID' })]);
  });

  it('an address group that cannot be read closes the NICs whose rules name it', () => {
    const named = { id: 'projects/p/securityGroups/other', rules: [{ ...rule, addressGroup: 'office' }] };
    const unreadable = new Map([['addressGroup office', '"x" is not a CIDR']]);
    const desired = desiredOf([good, { ...bad, groups: [named.id] }], [group, named], unreadable);
    const { failures } = new Admission().admit(desired);
    expect(failures).toEqual([{ nic: bad.id, reason: 'ADDRESS_GROUP_INVALID', message: 'office: "x" is not a CIDR' }]);
  });

  it('two NICs on one interface are both closed', () => {
    const { failures, closed } = new Admission().admit(
      desiredOf([good, { ...bad, interfaceName: good.interfaceName }]),
    );
    expect(failures.map(({ reason }) => reason)).toEqual(['INTERFACE_TAKEN', 'INTERFACE_TAKEN']);
    expect(closed.size).toBe(2);
  });

  it('what is good is the same object, and so is what stands in for the rest', () => {
    const admission = new Admission();
    const desired = desiredOf([good]);
    expect(admission.admit(desired).state).toBe(desired.state);
    const mixed = desiredOf([good, { ...bad, mac: '' }]);
    const standIn = () => admission.admit(mixed).state.nics.get(bad.id);
    expect(standIn()).toBe(standIn());
  });
});
