import type { Rule } from '@portcullis/model';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bindingKey } from './cloud.js';
import { compileHost } from './compile-host.js';
import { digestHostState } from './digest.js';
import { type CloudChange, Span } from './span.js';

const groupIds = ['g1', 'g2', 'g3'];
const networkIds = ['n1', 'n2', 'n3'];
const nicIds = ['a', 'b', 'c', 'd'];
const hosts = ['h1', 'h2', 'h3'];
const gone = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 4 });

const rule: fc.Arbitrary<Rule> = fc.record(
  {
    id: fc.constantFrom('r1', 'r2', 'r3'),
    direction: fc.constantFrom('ingress', 'egress'),
    protocol: fc.constant('all'),
    active: fc.boolean(),
    remoteGroup: fc.constantFrom('g1', 'g2', 'g3', 'unknown'),
  },
  { noNullPrototype: true },
);
const groupChange = fc.constantFrom(...groupIds).chain((id) =>
  gone(
    fc.record({
      id: fc.constant(id),
      enabled: fc.boolean(),
      networks: fc.constant([]),
      rules: fc.uniqueArray(rule, { selector: (each) => each.id, maxLength: 3 }),
      nics: fc.subarray(nicIds),
    }),
  ).map((value): CloudChange => ({ kind: 'group', id, value })),
);
const networkChange = fc.constantFrom(...networkIds).chain((id) =>
  gone(
    fc.record({
      id: fc.constant(id),
      kind: fc.constant('vpc' as const),
      routingDomain: fc.constantFrom('rd1', 'rd2'),
      cidrs: fc.constant([]),
      dhcpServers: fc.subarray(['10.0.0.9']),
    }),
  ).map((value): CloudChange => ({ kind: 'network', id, value })),
);
const nicChange = fc.constantFrom(...nicIds).chain((id) =>
  gone(
    fc.record({
      id: fc.constant(id),
      network: fc.constantFrom(...networkIds),
      mac: fc.constant('52:54:00:00:00:01'),
      addresses: fc.subarray(['10.0.0.1', '10.0.0.2', '2001:db8::1']),
      antiSpoofing: fc.boolean(),
      egressDefault: fc.constantFrom('auto' as const, 'allow' as const, 'deny' as const),
    }),
  ).map((value): CloudChange => ({ kind: 'nic', id, value })),
);
const bindingChange = fc.tuple(fc.constantFrom(...nicIds), fc.constantFrom(...hosts)).chain(([nic, host]) =>
  gone(
    fc.record({
      nic: fc.constant(nic),
      host: fc.constant(host),
      interfaceName: fc.constantFrom('v1', 'v2'),
      state: fc.constant('active' as const),
    }),
  ).map((value): CloudChange => ({ kind: 'binding', id: bindingKey(nic, host), value })),
);
const change = fc.oneof(groupChange, networkChange, nicChange, bindingChange);
const history = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 5, maxLength: 30 });

it('D1 keeping up change by change gives what computing anew gives, and names every host and object that differs', () => {
  fc.assert(
    fc.property(history, (commits) => {
      const span = new Span();
      for (const commit of commits) {
        const before = hosts.map((host) => span.hostState(host));
        const { dirty, memberDeltas } = span.apply(commit);
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
  const { dirty, memberDeltas } = span.apply([{ kind: 'group', id: 'db', value: group('db', [], ['b']) }]);
  expect([...dirty.keys()]).toEqual(['h1']);
  expect([...memberDeltas]).toEqual([['db@rd', { added: ['10.0.0.2'], removed: [] }]]);
});
