import type { Rule } from '@portcullis/model';
import fc from 'fast-check';
import { bindingKey } from '../cloud.js';
import type { CloudChange } from '../span.js';

const groupIds = ['g1', 'g2', 'g3'];
const addressGroupIds = ['ag1', 'ag2'];
const networkIds = ['n1', 'n2', 'n3'];
const nicIds = ['a', 'b', 'c', 'd'];
export const hosts = ['h1', 'h2', 'h3'];
const gone = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 4 });

const rule: fc.Arbitrary<Rule> = fc.record(
  {
    id: fc.constantFrom('r1', 'r2', 'r3'),
    direction: fc.constantFrom('ingress', 'egress'),
    protocol: fc.constant('all'),
    active: fc.boolean(),
    remoteGroup: fc.constantFrom('g1', 'g2', 'g3', 'unknown'),
    addressGroup: fc.constantFrom(...addressGroupIds, 'unknown'),
  },
  { noNullPrototype: true, requiredKeys: ['id', 'direction', 'protocol', 'active', 'remoteGroup'] },
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
const addressGroupChange = fc.constantFrom(...addressGroupIds).chain((id) =>
  gone(
    fc.record({
      id: fc.constant(id),
      cidrs: fc.subarray(['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.0.0.1/32', '::/0', '2001:db8::/32']),
    }),
  ).map((value): CloudChange => ({ kind: 'addressGroup', id, value })),
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
      allowedPairs: fc.subarray([
        { mac: '52:54:00:00:00:01', cidr: '10.0.0.9/32' },
        { mac: '00:00:5e:00:01:07', cidr: '2001:db8::/64' },
      ]),
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
const change = fc.oneof(groupChange, addressGroupChange, networkChange, nicChange, bindingChange);
/** Random commits, each of a few changes: things come, change and go in any order, also before what they refer to. */
export const history = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 5, maxLength: 30 });
