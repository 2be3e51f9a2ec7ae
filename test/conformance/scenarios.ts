import { type Scenario, scenario } from './corpus.js';
import { shared } from './worlds.js';

/** Of n2. */
const nicMac = '02:00:00:00:01:03';
const sharedWith = (mac: string) =>
  [4 as const, 6 as const].map((family) => ({ mac, cidr: `${shared[family]}/${family === 4 ? 32 : 128}` }));

/** What a group means, line by line. A failure that random testing finds is added here in its smallest form. */
export const scenarios: readonly Scenario[] = [
  scenario('a NIC in no group is not filtered', { web: { nics: ['n2'] } }, [
    'out > n3 tcp/22 = pass',
    'n3 > out proto/47 = pass',
  ]),
  scenario('a group without rules: nothing comes in, everything may go out', { web: { nics: ['n2'] } }, [
    'out > n2 tcp/80 = drop',
    'n3 > n2 udp/53 = drop',
    'out > n2 echo = drop',
    'out > n2 proto/47 = drop',
    'n2 > out tcp/80 = pass',
    'n2 > n3 proto/47 = pass',
  ]),
  scenario(
    'the automatic rules let members talk and do not close egress',
    {
      web: { nics: ['n2', 'n3'], rules: ['in all group web', 'out all group web'] },
    },
    ['n2 > n3 tcp/80 = pass', 'n3 > n2 proto/132 = pass', 'out > n2 tcp/80 = drop', 'n2 > out tcp/80 = pass'],
  ),
  scenario(
    'a rule to the own group that is narrower than ALL does close egress',
    {
      web: { nics: ['n2', 'n3'], rules: ['in all', 'out tcp 80 group web'] },
    },
    ['n2 > n3 tcp/80 = pass', 'n2 > n3 tcp/81 = drop', 'n2 > out tcp/80 = drop'],
  ),
  scenario(
    'a rule to the own group with a CIDR does close egress',
    {
      web: { nics: ['n2', 'n3'], rules: ['in all', 'out all cidr 0.0.0.0/0 group web'] },
    },
    ['n2 > n3 tcp/80 v4 = pass', 'n2 > n3 tcp/80 v6 = drop', 'n2 > out tcp/80 = drop'],
  ),
  scenario('TCP ports at both ends of the range and just outside', { web: { nics: ['n2'], rules: ['in tcp 80-90'] } }, [
    'out > n2 tcp/79 = drop',
    'out > n2 tcp/80 = pass',
    'out > n2 tcp/90 = pass',
    'out > n2 tcp/91 = drop',
    'out > n2 udp/85 = drop',
  ]),
  scenario('UDP from port 1 to 65535', { web: { nics: ['n2'], rules: ['in udp 1-65535'] } }, [
    'out > n2 udp/1 = pass',
    'out > n2 udp/65535 = pass',
    'out > n2 tcp/1 = drop',
  ]),
  scenario('ports are those of the destination', { web: { nics: ['n2'], rules: ['in tcp 80'] } }, [
    'out > n2 tcp/80-81 = drop',
    'out > n2 tcp/81-80 = pass',
  ]),
  scenario('ICMP covers every message of both families', { web: { nics: ['n2'], rules: ['in icmp'] } }, [
    'out > n2 echo = pass',
    'out > n2 icmp/13/0 v4 = pass',
    'out > n2 icmp/3/1 v4 = pass',
    'out > n2 icmp/139/0 v6 = pass',
    'out > n2 tcp/80 = drop',
  ]),
  scenario(
    'ICMP of a type, and of a type and code',
    {
      web: { nics: ['n2'], rules: ['in icmp type 8', 'in icmp type 3/1'] },
    },
    [
      'out > n2 icmp/8/0 v4 = pass',
      'out > n2 icmp/3/1 v4 = pass',
      'out > n2 icmp/3/0 v4 = drop',
      'out > n2 icmp/13/0 v4 = drop',
      'out > n2 echo v6 = drop',
    ],
  ),
  scenario('a CIDR covers its family only', { web: { nics: ['n2'], rules: ['in all cidr 10.0.0.0/24'] } }, [
    'out > n2 tcp/80 v4 = pass',
    'out > n2 tcp/80 v6 = drop',
  ]),
  scenario('a CIDR of everything is still of one family', { web: { nics: ['n2'], rules: ['in all cidr ::/0'] } }, [
    'out > n2 tcp/80 v6 = pass',
    'out > n2 tcp/80 v4 = drop',
  ]),
  scenario('a CIDR of one address', { web: { nics: ['n2'], rules: ['in all cidr 10.0.0.4/32'] } }, [
    'n3 > n2 tcp/80 v4 = pass',
    'out > n2 tcp/80 v4 = drop',
  ]),
  scenario(
    'a remote group is its members',
    { web: { nics: ['n2'], rules: ['in tcp 80 group db'] }, db: { nics: ['n3'] } },
    ['n3 > n2 tcp/80 = pass', 'n3 > n2 tcp/81 = drop', 'out > n2 tcp/80 = drop'],
  ),
  scenario(
    'a CIDR and a remote group: both',
    {
      web: { nics: ['n2'], rules: ['in tcp 80 cidr 10.0.0.4/31 group db'] },
      db: { nics: ['n3'] },
    },
    ['n3 > n2 tcp/80 v4 = pass', 'n3 > n2 tcp/80 v6 = drop', 'out > n2 tcp/80 v4 = drop'],
  ),
  scenario(
    'a CIDR and a remote group that exclude each other',
    {
      web: { nics: ['n2'], rules: ['in tcp 80 cidr 10.0.0.99/32 group db'] },
      db: { nics: ['n3'] },
    },
    ['n3 > n2 tcp/80 = drop', 'out > n2 tcp/80 = drop'],
  ),
  scenario(
    'a remote group that is disabled matches nobody',
    {
      web: { nics: ['n2'], rules: ['in all group db'] },
      db: { nics: ['n3'], disabled: true },
    },
    ['n3 > n2 tcp/80 = drop'],
  ),
  scenario(
    'an egress rule to a group that matches nobody still closes egress',
    {
      web: { nics: ['n2'], rules: ['out all group db'] },
      db: {},
    },
    ['n2 > n3 tcp/80 = drop', 'n2 > out tcp/80 = drop'],
  ),
  scenario(
    'a rule that is off allows nothing, and still closes egress',
    {
      web: { nics: ['n2'], rules: ['in tcp 80 off', 'out tcp 443 off'] },
    },
    ['out > n2 tcp/80 = drop', 'n2 > out tcp/443 = drop', 'n2 > out tcp/80 = drop'],
  ),
  scenario('the first egress rule closes the rest', { web: { nics: ['n2'], rules: ['out tcp 443'] } }, [
    'n2 > out tcp/443 = pass',
    'n2 > out tcp/444 = drop',
    'n2 > out echo = drop',
    'n2 > n3 tcp/443 = pass',
  ]),
  scenario(
    'a disabled group is as if no NIC were in it',
    { web: { nics: ['n2'], rules: ['out tcp 443'], disabled: true } },
    ['out > n2 tcp/80 = pass', 'n2 > out tcp/80 = pass'],
  ),
  scenario(
    'two groups on a NIC: the union',
    {
      web: { nics: ['n2'], rules: ['in tcp 80'] },
      ops: { nics: ['n2'], rules: ['in tcp 22', 'out udp 53'] },
    },
    [
      'out > n2 tcp/80 = pass',
      'out > n2 tcp/22 = pass',
      'out > n2 tcp/23 = drop',
      'n2 > out udp/53 = pass',
      'n2 > out tcp/80 = drop',
    ],
  ),
  scenario(
    'of two groups the disabled one counts for nothing',
    {
      web: { nics: ['n2'], rules: ['in tcp 80'] },
      ops: { nics: ['n2'], rules: ['in tcp 22', 'out udp 53'], disabled: true },
    },
    ['out > n2 tcp/80 = pass', 'out > n2 tcp/22 = drop', 'n2 > out tcp/80 = pass'],
  ),
  scenario(
    'both ends are judged on one host: the receiver',
    {
      web: { nics: ['n2'], rules: ['out tcp 80'] },
      db: { nics: ['n3'], rules: ['in tcp 81'] },
    },
    ['n2 > n3 tcp/80 = drop', 'n2 > n3 tcp/81 = drop', 'n2 > out tcp/80 = pass'],
  ),
  scenario(
    'both ends are judged on one host: both agree',
    {
      web: { nics: ['n2'], rules: ['out tcp 80'] },
      db: { nics: ['n3'], rules: ['in tcp 80'] },
    },
    ['n2 > n3 tcp/80 = pass', 'n2 > n3 udp/80 = drop', 'out > n3 tcp/80 = pass'],
  ),
  scenario(
    'egress default DENY without any rule',
    { web: { nics: ['n2'] } },
    ['n2 > out tcp/80 = drop', 'n2 > n3 echo = drop'],
    {
      nics: { n2: { egressDefault: 'deny' } },
    },
  ),
  scenario(
    'egress default ALLOW with a rule',
    { web: { nics: ['n2'], rules: ['out tcp 443'] } },
    ['n2 > out tcp/80 = pass'],
    {
      nics: { n2: { egressDefault: 'allow' } },
    },
  ),
  scenario('an egress default without a group filters nothing', {}, ['n2 > out tcp/80 = pass'], {
    nics: { n2: { egressDefault: 'deny' } },
  }),
  scenario(
    'anti-spoofing holds for a NIC in no group',
    {},
    [
      'n2(mac) > out udp/53 = drop',
      'n2(address) > out udp/53 = drop',
      'n2 > out udp/53 = pass',
      'out > n2 udp/53 = pass',
    ],
    { nics: { n2: { antiSpoofing: true } } },
  ),
  scenario(
    'anti-spoofing comes before what rules allow',
    { web: { nics: ['n2'], rules: ['out all'] } },
    ['n2(mac) > out udp/53 = drop', 'n2(address) > out udp/53 = drop', 'n2 > out udp/53 = pass'],
    { nics: { n2: { antiSpoofing: true } } },
  ),
  scenario(
    'anti-spoofing: neighbour messages speak of the own address and MAC only, also while everything may go out',
    { web: { nics: ['n2'] } },
    [
      'n2 > n3 na v6 = pass',
      'n2 > n3 na:bare v6 = pass',
      'n2 > n3 na:other v6 = drop',
      'n2 > n3 na:mac v6 = drop',
      'n2(linkLocal) > n3 na v6 = pass',
      'n2(linkLocal) > n3 na:other v6 = drop',
      'n2(address) > n3 na v6 = drop',
      'n2(mac) > n3 na v6 = drop',
      'n2 > n3 ns v6 = pass',
      'n2 > n3 ns:bare v6 = pass',
      'n2 > n3 ns:mac v6 = drop',
      'n2(address) > n3 ns v6 = drop',
      'n2(nothing) > n3 dad v6 = pass',
      'n2(nothing) > n3 dad:other v6 = drop',
      'n2 > n3 rs v6 = pass',
      'n2(nothing) > n3 rs:bare v6 = pass',
      'n2 > n3 rs:mac v6 = drop',
      'n2 > n3 icmp/135/0 v6 = drop',
      'n2 > n3 icmp/136/0 v6 = drop',
      'n3 > n2 na:other v6 = pass',
    ],
    { nics: { n2: { antiSpoofing: true } } },
  ),
  scenario(
    'anti-spoofing: a VM is no router and no DHCP server, in a group or in none',
    { web: { nics: ['n2'], rules: ['out all'] } },
    ['n2', 'n3'].flatMap((from) => [
      `${from} > out icmp/134/0 v6 = drop`,
      `${from}(linkLocal) > out icmp/134/0 v6 = drop`,
      `${from} > out icmp/137/0 v6 = drop`,
      `${from} > out icmp/5/1 v4 = drop`,
      `${from} > out udp/67-68 v4 = drop`,
      `${from} > out udp/547-546 v6 = drop`,
      `${from}(linkLocal) > out udp/547-546 v6 = drop`,
    ]),
    { nics: { n2: { antiSpoofing: true }, n3: { antiSpoofing: true } } },
  ),
  scenario(
    'anti-spoofing lets pass what a VM needs before it has an address',
    { web: { nics: ['n2'] } },
    [
      'n2(nothing) > out udp/68-67 v4 = pass',
      'n2(nothing) > out udp/53 v4 = drop',
      'n2(linkLocal) > out udp/546-547 v6 = pass',
      'n2(linkLocal) > out icmp/143/0 v6 = pass',
      'n2(nothing) > out icmp/143/0 v6 = pass',
      'n2(nothing) > out echo v6 = drop',
      'n2(linkLocal) > out echo v6 = pass',
    ],
    { nics: { n2: { antiSpoofing: true } } },
  ),
  scenario(
    'an allowed address with the own MAC',
    {},
    [
      'n2(shared) > n3 tcp/80 = pass',
      'n2(sharedMac) > n3 tcp/80 = drop',
      'n2(address) > n3 tcp/80 = drop',
      'n2 > n3 tcp/80 = pass',
      'n2 > n3 na:shared v6 = pass',
      'n2 > n3 na:other v6 = drop',
      'n2(nothing) > n3 dad:shared v6 = pass',
    ],
    { nics: { n2: { antiSpoofing: true, allowedPairs: sharedWith(nicMac) } } },
  ),
  scenario(
    'an allowed address with a MAC of its own: each address goes with its MAC',
    {},
    [
      'n2(sharedMac) > n3 tcp/80 = pass',
      'n2(shared) > n3 tcp/80 = drop',
      'n2(mac) > n3 tcp/80 = drop',
      'n2 > n3 tcp/80 = pass',
      'n2(sharedMac) > n3 na:shared v6 = pass',
      'n2(sharedMac) > n3 na:mac v6 = drop',
      'n2 > n3 na v6 = pass',
    ],
    { nics: { n2: { antiSpoofing: true, allowedPairs: sharedWith(shared.mac) } } },
  ),
  scenario(
    'allowed ranges, up to everything of a family',
    {},
    [
      'n2(shared) > n3 tcp/80 = pass',
      'n2(address) > n3 tcp/80 v4 = pass',
      'n2(address) > n3 tcp/80 v6 = drop',
      'n2 > n3 na:shared v6 = pass',
      'n2 > n3 na:other v6 = drop',
    ],
    {
      nics: {
        n2: {
          antiSpoofing: true,
          allowedPairs: [
            { mac: nicMac, cidr: '0.0.0.0/0' },
            { mac: nicMac, cidr: '2001:db8::40/123' },
          ],
        },
      },
    },
  ),
  scenario(
    'an allowed address is no member of the groups of its NIC',
    { web: { nics: ['n2'], rules: ['in tcp 80 group db'] }, db: { nics: ['n3'] } },
    ['n3 > n2 tcp/80 = pass', 'n3(shared) > n2 tcp/80 = drop'],
    { nics: { n3: { antiSpoofing: true, allowedPairs: sharedWith('02:00:00:00:01:04') } } },
  ),
  scenario(
    'without anti-spoofing a foreign source is judged by the rules',
    { web: { nics: ['n2'], rules: ['out udp 53'] } },
    ['n2(address) > out udp/53 = pass', 'n2(address) > out udp/54 = drop'],
  ),
  scenario('DHCP of the NIC passes, and only as client', { web: { nics: ['n2'], rules: ['out tcp 443'] } }, [
    'n2 > out udp/68-67 v4 = pass',
    'out > n2 udp/67-68 v4 = pass',
    'n2 > out udp/546-547 v6 = pass',
    'out > n2 udp/547-546 v6 = pass',
    'n2 > out udp/67-68 v4 = drop',
    'out > n2 udp/68-67 v4 = drop',
    'n2 > out udp/53 = drop',
  ]),
  scenario(
    'DHCP answers come from the named servers only',
    { web: { nics: ['n2'] } },
    ['out > n2 udp/67-68 v4 = drop', 'n3 > n2 udp/67-68 v4 = pass', 'out > n2 udp/547-546 v6 = pass'],
    { dhcpServers: ['10.0.0.4'] },
  ),
  scenario(
    'neighbour discovery passes, router advertisements only in',
    { web: { nics: ['n2'], rules: ['out tcp 443'] } },
    [
      'n2 > out icmp/133/0 v6 = pass',
      'n2 > out icmp/135/0 v6 = pass',
      'n2 > out icmp/136/0 v6 = pass',
      'n2 > out icmp/134/0 v6 = drop',
      'out > n2 icmp/134/0 v6 = pass',
      'out > n2 icmp/135/0 v6 = pass',
      'out > n2 icmp/136/0 v6 = pass',
      'out > n2 icmp/133/0 v6 = drop',
      'out > n2 icmp/137/0 v6 = drop',
    ],
  ),
  scenario(
    'members with equal addresses in two routing domains',
    {
      web: { nics: ['n2', 'n4'], rules: ['in tcp 80 group db'] },
      db: { nics: ['n3'] },
    },
    ['n3 > n2 tcp/80 = pass', 'n5 > n4 tcp/80 = drop', 'out > n4 tcp/80 = drop'],
  ),
  scenario('one group on three networks', { web: { nics: ['n0', 'n2', 'n4'], rules: ['in tcp 80'] } }, [
    'out > n0 tcp/80 = pass',
    'out > n2 tcp/80 = pass',
    'out > n4 tcp/80 = pass',
    'n1 > n0 tcp/81 = drop',
    'n3 > n2 tcp/81 = drop',
    'n5 > n4 tcp/81 = drop',
  ]),
  scenario(
    'members on another host, or on none, are members',
    {
      web: { nics: ['n0'], rules: ['in tcp 80 group db'] },
      db: { nics: ['n1'] },
    },
    ['n1 > n0 tcp/80 = pass', 'out > n0 tcp/80 = drop', 'n0 > n1 tcp/80 = pass'],
  ),
  scenario(
    'a group that names itself through two rules and another group',
    {
      web: { nics: ['n2'], rules: ['in tcp 80 group web', 'in udp 53 group db'] },
      db: { nics: ['n2', 'n3'], rules: ['in tcp 22 group web'] },
    },
    [
      'n3 > n2 udp/53 = pass',
      'n3 > n2 tcp/80 = drop',
      'n3 > n2 tcp/22 = drop',
      'n2 > n3 tcp/22 = pass',
      'out > n3 tcp/22 = drop',
    ],
  ),
  scenario(
    'the CIDRs of an address group, of both families, at their ends and just outside',
    { web: { nics: ['n2'], rules: ['in tcp 80 named office'] } },
    [
      'n3 > n2 tcp/80 = pass',
      'n3 > n2 tcp/81 = drop',
      'out > n2 tcp/80 v4 = drop',
      'out > n2 tcp/80 v6 = pass',
      'n2 > out tcp/80 = pass',
    ],
    { addressGroups: { office: ['10.0.0.4/31', '10.9.0.0/16', '2001:db8::4/128', '2001:db8::98/127'] } },
  ),
  scenario(
    'an address group of overlapping CIDRs',
    { web: { nics: ['n2'], rules: ['in all named office'] } },
    ['n3 > n2 tcp/80 v4 = pass', 'out > n2 tcp/80 v4 = pass', 'n3 > n2 tcp/80 v6 = pass', 'out > n2 echo v6 = drop'],
    { addressGroups: { office: ['10.0.0.0/24', '10.0.0.4/32', '10.0.0.0/8', '2001:db8::/123', '2001:db8::4/128'] } },
  ),
  scenario(
    'an address group of everything in IPv4 is nobody in IPv6',
    { web: { nics: ['n2'], rules: ['in tcp 80 named world'] } },
    ['out > n2 tcp/80 v4 = pass', 'n3 > n2 tcp/80 v4 = pass', 'out > n2 tcp/80 v6 = drop'],
    { addressGroups: { world: ['0.0.0.0/0'] } },
  ),
  scenario(
    'an address group of everything, also as the destination',
    { web: { nics: ['n2'], rules: ['out tcp 443 named world', 'in tcp 80 named world'] } },
    ['n2 > out tcp/443 = pass', 'n2 > out tcp/80 = drop', 'out > n2 tcp/80 = pass'],
    { addressGroups: { world: ['::/0', '0.0.0.0/0', '0.0.0.0/1'] } },
  ),
  scenario(
    'an egress rule to an address group without CIDRs, or to none, still closes egress',
    {
      web: { nics: ['n2'], rules: ['out all named empty'] },
      db: { nics: ['n3'], rules: ['out all named gone'] },
    },
    ['n2 > out tcp/80 = drop', 'n3 > out tcp/80 = drop'],
    { addressGroups: { empty: [] } },
  ),
  scenario(
    'an address group and a remote group: the peer is in both',
    {
      web: { nics: ['n2'], rules: ['in tcp 80 named office group db', 'in tcp 81 named office group web'] },
      db: { nics: ['n3'] },
    },
    ['n3 > n2 tcp/80 v4 = pass', 'n3 > n2 tcp/80 v6 = drop', 'out > n2 tcp/80 v4 = drop', 'n3 > n2 tcp/81 = drop'],
    { addressGroups: { office: ['10.0.0.0/24', '2001:db8::99/128'] } },
  ),
  scenario(
    'one address group in two routing domains and two groups',
    {
      web: { nics: ['n2', 'n4'], rules: ['in tcp 80 named office'] },
      db: { nics: ['n0'], rules: ['in udp 53 named office'] },
    },
    ['n3 > n2 tcp/80 = pass', 'n5 > n4 tcp/80 = pass', 'out > n4 tcp/80 = drop', 'out > n0 udp/53 = drop'],
    { addressGroups: { office: ['10.0.0.4/32', '2001:db8::4/128'] } },
  ),
];
