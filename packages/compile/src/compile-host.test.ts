import type { Binding, Nic, Rule, SecurityGroup } from '@portcullis/model';
import { describe, expect, it } from 'vitest';
import { bindingKey, type Cloud } from './cloud.js';
import { compileHost } from './compile-host.js';
import { digestHostState } from './digest.js';
import { memberSetKey } from './host-state.js';

const rule = (id: string, fields: Partial<Rule> = {}): Rule => ({
  id,
  direction: 'ingress',
  protocol: 'all',
  active: true,
  ...fields,
});
const group = (id: string, fields: Partial<SecurityGroup> = {}): SecurityGroup => ({
  id,
  enabled: true,
  networks: ['blue', 'red'],
  rules: [],
  nics: [],
  ...fields,
});
const nic = (id: string, network: string, address: string): Nic => ({
  id,
  network,
  mac: '52:54:00:00:00:01',
  addresses: [address],
  antiSpoofing: false,
  egressDefault: 'auto',
});
const binding = (nicId: string, host: string): Binding => ({
  nic: nicId,
  host,
  interfaceName: `v${nicId}`,
  state: 'active',
});

function cloud(groups: SecurityGroup[], bindings: Binding[]): Cloud {
  const network = (id: string) => ({ id, kind: 'vpc', routingDomain: `rd-${id}`, cidrs: [], dhcpServers: [] }) as const;
  const nics = [nic('a', 'blue', '10.0.0.1'), nic('b', 'blue', '10.0.0.2'), nic('c', 'red', '10.0.0.1')];
  return {
    groups: new Map(groups.map((each) => [each.id, each])),
    addressGroups: new Map([['office', { id: 'office', cidrs: ['10.0.0.0/8', '::/0'] }]]),
    networks: new Map(['blue', 'red'].map((id) => [id, network(id)])),
    nics: new Map(nics.map((each) => [each.id, each])),
    bindings: new Map(bindings.map((each) => [bindingKey(each.nic, each.host), each])),
  };
}

describe('the state of a host', () => {
  const web = group('web', { rules: [rule('1', { remoteGroup: 'db' }), rule('2', { active: false })], nics: ['a'] });
  const db = group('db', { nics: ['b', 'c'] });
  const other = group('other', { nics: ['c'] });
  const state = compileHost(cloud([web, db, other], [binding('a', 'h1'), binding('c', 'h2')]), 'h1');

  it('D2 holds its own NICs, their groups and the members their rules name, and nothing else', () => {
    expect([...state.nics.keys()]).toEqual(['a']);
    expect([...state.groups.keys()]).toEqual(['web']);
    expect([...state.memberSets.keys()]).toEqual([memberSetKey('db', 'rd-blue')]);
  });

  it('is the same for a staged binding as for an active one: the target of a move is filtered before the VM arrives', () => {
    const staged: Binding = { ...binding('a', 'h1'), state: 'staged' };
    expect(compileHost(cloud([web, db, other], [staged]), 'h1')).toEqual(state);
  });

  it('holds members of the judged NIC’s routing domain only', () => {
    expect([...(state.memberSets.get(memberSetKey('db', 'rd-blue'))?.addresses ?? [])]).toEqual(['10.0.0.2']);
  });

  it('D2 holds the address groups that active rules name, empty where there is none, and no other', () => {
    const rules = [
      rule('1', { addressGroup: 'office' }),
      rule('2', { addressGroup: 'gone' }),
      rule('3', { addressGroup: 'unused', active: false }),
    ];
    const { addressGroups } = compileHost(cloud([group('g', { rules, nics: ['a'] })], [binding('a', 'h1')]), 'h1');
    expect([...addressGroups]).toEqual([
      ['office', { id: 'office', cidrs: new Set(['10.0.0.0/8', '::/0']) }],
      ['gone', { id: 'gone', cidrs: new Set() }],
    ]);
  });

  it('leaves inactive rules out', () => {
    expect(state.groups.get('web')?.rules.map((each) => each.id)).toEqual(['1']);
  });

  it('has an empty set for a disabled remote group', () => {
    const disabled = compileHost(cloud([web, { ...db, enabled: false }], [binding('a', 'h1')]), 'h1');
    expect(disabled.memberSets.get(memberSetKey('db', 'rd-blue'))?.addresses.size).toBe(0);
  });

  it('keeps egress closed while its only egress rule is inactive', () => {
    const closed = group('closed', { rules: [rule('1', { direction: 'egress', active: false })], nics: ['a'] });
    expect(compileHost(cloud([closed], [binding('a', 'h1')]), 'h1').nics.get('a')?.egressOpen).toBe(false);
  });

  it('D1 does not depend on the order in which things were said', () => {
    const bindings = [binding('a', 'h1'), binding('b', 'h1'), binding('c', 'h1')];
    const forwards = compileHost(cloud([web, db, other], bindings), 'h1');
    const backwards = compileHost(cloud([other, db, web], bindings.toReversed()), 'h1');
    expect(digestHostState(backwards)).toBe(digestHostState(forwards));
  });

  it('has another digest when a CIDR of an address group changes', () => {
    const named = cloud(
      [group('g', { rules: [rule('1', { addressGroup: 'office' })], nics: ['a'] })],
      [binding('a', 'h1')],
    );
    const addressGroups = new Map([['office', { id: 'office', cidrs: ['10.0.0.0/8'] }]]);
    const [before, after] = [compileHost(named, 'h1'), compileHost({ ...named, addressGroups }, 'h1')];
    expect(digestHostState(after)).not.toBe(digestHostState(before));
  });

  it('holds allowed address pairs in one order, and only where anti-spoofing asks for them', () => {
    const at = cloud([], [binding('a', 'h1')]);
    const allowedPairs = [
      { mac: '52:54:00:00:00:02', cidr: '10.0.0.8/32' },
      { mac: '52:54:00:00:00:01', cidr: '10.0.0.9/32' },
    ];
    const pairsWhere = (antiSpoofing: boolean, pairs: typeof allowedPairs) => {
      const paired = { ...nic('a', 'blue', '10.0.0.1'), antiSpoofing, allowedPairs: pairs };
      return compileHost({ ...at, nics: new Map([['a', paired]]) }, 'h1').nics.get('a')?.allowedPairs;
    };
    expect(pairsWhere(true, allowedPairs)).toEqual(allowedPairs.toReversed());
    expect(pairsWhere(true, [])).toBeUndefined();
    expect(pairsWhere(false, allowedPairs)).toBeUndefined();
  });

  it('has another digest when a member changes', () => {
    const changed = compileHost(cloud([web, { ...db, nics: [] }], [binding('a', 'h1')]), 'h1');
    expect(digestHostState(changed)).not.toBe(digestHostState(state));
  });
});
