import type { HostGroup, HostNic, HostState } from '@portcullis/compile';
import type { Rule } from '@portcullis/model';
import { nothingApplied, planChange } from '@portcullis/plan';
import { FirewallRenderer, flowElements, type RevokedFlows } from '@portcullis/ruleset';
import { describe, expect, it } from 'vitest';
import { FakeKernel } from '../fixtures/fake-kernel.js';
import { guardedNic as nic } from '../fixtures/guarded-nic.js';
import { Revoker } from './revoker.js';

const rule = (port: number, protocol: 'tcp' | 'udp' = 'tcp'): Rule => {
  return { id: `${protocol}${port}`, direction: 'ingress', protocol, ports: { start: port, end: port }, active: true };
};

function stateOf(rules: readonly Rule[], group: Partial<HostGroup> = {}, of: Partial<HostNic> = {}): HostState {
  return {
    nics: new Map([['n1', { ...nic, ...of }]]),
    groups: new Map([['g', { id: 'g', rules, ...group }]]),
    memberSets: new Map(),
    addressGroups: new Map(),
  };
}

function line(port: number, { protocol = 'tcp', source = '10.0.0.9', sport = 4000 } = {}): string {
  const number = protocol === 'tcp' ? 6 : 17;
  return `${protocol}  ${number} 99 src=${source} dst=10.0.0.1 sport=${sport} dport=${port} src=10.0.0.1 dst=${source} sport=${port} dport=${sport} use=1`;
}

/** What is stopped on the way into a NIC. */
const stopped = (revoker: Revoker, state: HostState, at = 'n1') =>
  revoker
    .standing(state, nothingApplied)
    .flatMap(({ nic: id, direction, flows }) => (id === at && direction === 'ingress' ? [...flows.keys()] : []));

describe('the revoker', () => {
  const [both, one, none] = [stateOf([rule(80), rule(81)]), stateOf([rule(80)]), stateOf([])];
  const kernelWith = (...flows: string[]) => Object.assign(new FakeKernel(), { flows });
  const revokerOf = (tools: FakeKernel, before: readonly HostState[], maxRevoked?: number) =>
    new Revoker({ tools, before, ...(maxRevoked === undefined ? {} : { maxRevoked }) });

  it('stops what was allowed and is not any more, and nothing else', async () => {
    const revoker = revokerOf(kernelWith(line(80), line(81), line(82), 'noise'), [both]);
    expect(revoker.mayRevoke(one)).toBe(true);
    await revoker.revoke(one);
    expect(stopped(revoker, one)).toEqual(['10.0.0.9,tcp:81,10.0.0.1']);
  });

  it('stops all that is denied where nobody knows what was allowed', async () => {
    const revoker = revokerOf(kernelWith(line(80), line(81), line(82)), []);
    expect(revoker.mayRevoke(one)).toBe(true);
    await revoker.revoke(one);
    expect(stopped(revoker, one)).toEqual(['10.0.0.9,tcp:81,10.0.0.1', '10.0.0.9,tcp:82,10.0.0.1']);
  });

  it('remembers every state since the last that was settled', async () => {
    const revoker = revokerOf(kernelWith(line(81)), [none]);
    revoker.begin(both);
    expect(revoker.mayRevoke(none)).toBe(true);
    revoker.begin(none);
    await revoker.revoke(none);
    expect(stopped(revoker, none)).toEqual(['10.0.0.9,tcp:81,10.0.0.1']);
    revoker.settle(none);
    expect(revoker.mayRevoke(none)).toBe(false);
  });

  it('knows whether a state allows what none before has allowed', () => {
    const revoker = revokerOf(kernelWith(), [one]);
    expect([none, one, both].map((state) => revoker.mayGrant(state))).toEqual([false, false, true]);
    expect(revokerOf(kernelWith(), []).mayGrant(both)).toBe(false);
  });

  it('counts everything as allowed before when there are too many states to remember', () => {
    const revoker = revokerOf(kernelWith(), [none]);
    for (let port = 1; port <= 5; port += 1) revoker.begin(stateOf([rule(port)]));
    expect(revoker.before).toEqual([]);
  });

  it('lets go of what is allowed again, of what nobody tracks any more, and of NICs that are gone', async () => {
    const kernel = kernelWith(line(80), line(81));
    const revoker = revokerOf(kernel, [both]);
    await revoker.revoke(none);
    expect(stopped(revoker, none)).toHaveLength(2);
    expect(stopped(revoker, one)).toEqual(['10.0.0.9,tcp:81,10.0.0.1']);
    await revoker.forget(one);
    expect(revoker.hasRevoked).toBe(true);
    kernel.flows = [line(80)];
    await revoker.forget(one);
    expect(revoker.hasRevoked).toBe(false);
    kernel.flows = [line(80)];
    revoker.settle(one);
    await revoker.revoke(none);
    expect(stopped(revoker, { ...none, nics: new Map() })).toEqual([]);
  });

  it('stops a flow where its permission was taken back, not at other NICs that may have its address', async () => {
    const other: HostNic = { ...nic, id: 'n2', addresses: ['10.0.0.2'], groups: ['h'] };
    const pair = { cidr: '10.0.0.1/32', mac: nic.mac };
    const withRules = (own: readonly Rule[], others: readonly Rule[]): HostState => ({
      ...both,
      nics: new Map([nic, { ...other, allowedPairs: [pair] }].map((each) => [each.id, each])),
      groups: new Map(
        [
          { id: 'g', rules: own },
          { id: 'h', rules: others },
        ].map((group) => [group.id, group]),
      ),
    });
    const [before, after] = [withRules([rule(80)], [rule(80)]), withRules([rule(80)], [])];
    const kernel = kernelWith(line(80));
    const revoker = revokerOf(kernel, [before]);
    await revoker.revoke(after);
    expect([stopped(revoker, after), stopped(revoker, after, 'n2')]).toEqual([[], ['10.0.0.9,tcp:80,10.0.0.1']]);
    await revoker.forget(after);
    expect(stopped(revoker, after, 'n2')).toHaveLength(1);
    kernel.flows = [];
    await revoker.forget(after);
    expect(revoker.hasRevoked).toBe(false);
  });

  it('lets nothing go because its NIC has given up the address', async () => {
    const kernel = kernelWith(line(80));
    const revoker = revokerOf(kernel, [both]);
    await revoker.revoke(none);
    const moved = stateOf([], {}, { addresses: ['10.0.0.2'] });
    expect(stopped(revoker, moved)).toHaveLength(1);
    await revoker.forget(moved);
    expect(stopped(revoker, moved)).toHaveLength(1);
    expect(stopped(revoker, stateOf([], {}, { addresses: ['10.0.0.2'], guarded: false, groups: [] }))).toEqual([]);
  });

  it('lets no flow pass for a moment because one end allows it again that the other end revokes', async () => {
    const sender: HostNic = { ...nic, id: 'n0', addresses: ['10.0.0.9'], groups: ['h'], egressOpen: false };
    const toAll: Rule = { id: 'out', direction: 'egress', protocol: 'all', active: true };
    const two = (sends: boolean, receives: boolean): HostState => ({
      ...both,
      nics: new Map([nic, sender].map((each) => [each.id, each])),
      groups: new Map([
        ['g', { id: 'g', rules: receives ? [rule(80)] : [] }],
        ['h', { id: 'h', rules: sends ? [toAll] : [] }],
      ]),
    });
    const ends = (revoked: RevokedFlows) => revoked.map(({ nic: id, direction }) => `${id} ${direction}`);
    const [open, notSent, notReceived] = [two(true, true), two(false, true), two(true, false)];
    const revoker = revokerOf(kernelWith(line(80)), [open]);
    revoker.holding(notSent, nothingApplied);
    await revoker.revoke(notSent);
    revoker.settle(notSent);
    expect(ends(revoker.standing(notSent, nothingApplied))).toEqual(['n0 egress']);
    revoker.begin(notReceived);
    expect(ends(revoker.holding(notReceived, nothingApplied))).toEqual(['n0 egress']);
    await revoker.revoke(notReceived);
    expect(ends(revoker.standing(notReceived, nothingApplied))).toEqual(['n1 ingress']);
    revoker.settle(notReceived);
    expect(ends(revoker.holding(open, nothingApplied))).toEqual([]);
  });

  it('takes over what a process before it has stopped', async () => {
    const revoker = revokerOf(kernelWith(line(80)), [both]);
    await revoker.revoke(none);
    const firewall = new FirewallRenderer().render(none, new Set(), revoker.standing(none, nothingApplied));
    const { applied } = planChange(nothingApplied, firewall);
    const next = revokerOf(kernelWith(), [none]);
    expect(next.standing(none, applied)).toEqual(revoker.standing(none, nothingApplied));
  });

  it('stops no more flows than it may, and says how many go on', async () => {
    const revoker = revokerOf(kernelWith(line(80), line(81), line(82), line(80, { source: '10.0.0.8' })), [], 3);
    await revoker.revoke(none);
    expect([stopped(revoker, none).length, revoker.leftOut]).toEqual([3, 1]);
  });

  it('does not hurt DHCP because something else went to its port', async () => {
    const dhcp = (sport: number) => line(68, { protocol: 'udp', sport });
    const before = stateOf([rule(68, 'udp')]);
    const order = [dhcp(5000), dhcp(67)];
    for (const flows of [order, order.toReversed()]) {
      const revoker = revokerOf(kernelWith(...flows), [before]);
      await revoker.revoke(none);
      expect(stopped(revoker, none)).toEqual([]);
    }
    const revoker = revokerOf(kernelWith(dhcp(5000)), [before]);
    await revoker.revoke(none);
    expect(stopped(revoker, none)).toEqual(['10.0.0.9,udp:68,10.0.0.1']);
  });

  it.each([
    ['a rule of a group that keeps flows', both, stateOf([], { keepsFlows: true }), 0],
    [
      'a rule of a group that kept flows, and does not any more',
      stateOf([rule(80)], { keepsFlows: true }),
      stateOf([], {}, { groups: [] }),
      1,
    ],
    [
      'a group that keeps them and that the NIC joined',
      stateOf([], {}, { guarded: false, groups: [] }),
      stateOf([], { keepsFlows: true }),
      0,
    ],
    [
      'a group that does not keep them and that the NIC joined',
      stateOf([], {}, { guarded: false, groups: [] }),
      none,
      1,
    ],
  ])('judges what was lost through %s', async (_, before, now, count) => {
    const revoker = revokerOf(kernelWith(line(80)), [before]);
    await revoker.revoke(now);
    expect(stopped(revoker, now)).toHaveLength(count);
  });

  it('keeps what any of several groups that allowed it keeps', async () => {
    const nics = new Map([['n1', { ...nic, groups: ['g', 'h'] }]]);
    const two = (rules: readonly Rule[]): HostState => ({
      ...stateOf(rules),
      nics,
      groups: new Map([
        ['g', { id: 'g', rules }],
        ['h', { id: 'h', rules, keepsFlows: true }],
      ]),
    });
    const revoker = revokerOf(kernelWith(line(80)), [two([rule(80)])]);
    await revoker.revoke(two([]));
    expect(stopped(revoker, two([]))).toEqual([]);
  });

  it('names flows of an IPv4 address as ipset prints them', () => {
    expect(flowElements({ source: '10.0.0.9', destination: '10.0.0.1', protocol: 1, port: 2048 })).toEqual([
      '10.0.0.9,icmp:echo-request,10.0.0.1',
      '10.0.0.9,icmp:echo-reply,10.0.0.1',
    ]);
  });
});
