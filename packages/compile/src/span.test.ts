import type { Rule } from '@portcullis/model';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileHost } from './compile-host.js';
import { digestHostState } from './digest.js';
import { Span } from './span.js';
import { history, hosts } from './testing/cloud-history.js';

it('D1 keeping up change by change gives what computing anew gives, and names every host and object that differs', () => {
  fc.assert(
    fc.property(history, (commits) => {
      const span = new Span();
      for (const commit of commits) {
        const before = hosts.map((host) => span.hostState(host));
        const { dirty, memberDeltas, cidrDeltas } = span.apply(commit);
        for (const [i, host] of hosts.entries()) {
          const old = before[i];
          const now = span.hostState(host);
          expect(digestHostState(now)).toBe(digestHostState(compileHost(span.cloud, host)));
          expect(dirty.has(host)).toBe(old !== undefined && digestHostState(old) !== digestHostState(now));
          for (const key of dirty.get(host)?.memberSets ?? []) {
            const had = old?.memberSets.get(key);
            const has = now.memberSets.get(key);
            if (!had || !has) continue;
            const replayed = new Set(had.addresses);
            for (const address of memberDeltas.get(key)?.removed ?? []) replayed.delete(address);
            for (const address of memberDeltas.get(key)?.added ?? []) replayed.add(address);
            expect(replayed).toEqual(has.addresses);
          }
          for (const id of dirty.get(host)?.addressGroups ?? []) {
            const had = old?.addressGroups.get(id);
            const has = now.addressGroups.get(id);
            if (!had || !has) continue;
            const replayed = new Set(had.cidrs);
            for (const cidr of cidrDeltas.get(id)?.removed ?? []) replayed.delete(cidr);
            for (const cidr of cidrDeltas.get(id)?.added ?? []) replayed.add(cidr);
            expect(replayed).toEqual(has.cidrs);
          }
        }
      }
    }),
    { numRuns: 500 },
  );
});

it('D3 a member that joins concerns only hosts whose rules name the group', () => {
  const span = new Span();
  const network = { id: 'n1', kind: 'vpc', routingDomain: 'rd', cidrs: [], dhcpServers: [] } as const;
  const nic = (id: string, address: string) =>
    ({
      id,
      network: 'n1',
      mac: '52:54:00:00:00:01',
      addresses: [address],
      antiSpoofing: false,
      egressDefault: 'auto',
    }) as const;
  const allow: Rule = { id: 'r', direction: 'ingress', protocol: 'all', active: true, remoteGroup: 'db' };
  const group = (id: string, rules: Rule[], nics: string[]) => ({ id, enabled: true, networks: ['n1'], rules, nics });
  span.apply([
    { kind: 'network', id: 'n1', value: network },
    { kind: 'nic', id: 'a', value: nic('a', '10.0.0.1') },
    { kind: 'nic', id: 'b', value: nic('b', '10.0.0.2') },
    { kind: 'nic', id: 'c', value: nic('c', '10.0.0.3') },
    { kind: 'binding', id: 'ba', value: { nic: 'a', host: 'h1', interfaceName: 'va', state: 'active' } },
    { kind: 'binding', id: 'bc', value: { nic: 'c', host: 'h3', interfaceName: 'vc', state: 'active' } },
    { kind: 'group', id: 'web', value: group('web', [allow], ['a']) },
    { kind: 'group', id: 'db', value: group('db', [], []) },
  ]);
  const { nics } = span.hostState('h1');
  const { dirty, memberDeltas } = span.apply([{ kind: 'group', id: 'db', value: group('db', [], ['b']) }]);
  expect(span.hostState('h1').nics).toBe(nics);
  expect([...dirty.keys()]).toEqual(['h1']);
  expect([...memberDeltas]).toEqual([['db@rd', { added: ['10.0.0.2'], removed: [] }]]);
});

it('D3 a CIDR of an address group concerns only hosts whose rules name it', () => {
  const span = new Span();
  const rule = (addressGroup: string): Rule => ({
    id: 'r',
    direction: 'ingress',
    protocol: 'all',
    active: true,
    addressGroup,
  });
  const group = (id: string, addressGroup: string, nic: string) =>
    ({
      kind: 'group',
      id,
      value: { id, enabled: true, networks: [], rules: [rule(addressGroup)], nics: [nic] },
    }) as const;
  const nic = (id: string, host: string) =>
    [
      {
        kind: 'nic',
        id,
        value: { id, network: 'n', mac: '', addresses: [], antiSpoofing: false, egressDefault: 'auto' },
      },
      { kind: 'binding', id: `${id}@${host}`, value: { nic: id, host, interfaceName: id, state: 'active' } },
    ] as const;
  const addressGroup = (id: string, ...cidrs: string[]) =>
    ({ kind: 'addressGroup', id, value: { id, cidrs } }) as const;
  span.apply([
    { kind: 'network', id: 'n', value: { id: 'n', kind: 'flat', routingDomain: 'd', cidrs: [], dhcpServers: [] } },
    ...nic('a', 'h1'),
    ...nic('b', 'h2'),
    group('web', 'office', 'a'),
    group('db', 'partners', 'b'),
    addressGroup('office', '10.0.0.0/8'),
    addressGroup('partners', '10.0.0.0/8'),
  ]);
  const { dirty, cidrDeltas } = span.apply([addressGroup('office', '192.0.2.0/24')]);
  expect([...dirty.keys()]).toEqual(['h1']);
  expect([...cidrDeltas]).toEqual([['office', { added: ['192.0.2.0/24'], removed: ['10.0.0.0/8'] }]]);
  expect(span.apply([addressGroup('office', '192.0.2.0/24')]).dirty.size).toBe(0);
});
