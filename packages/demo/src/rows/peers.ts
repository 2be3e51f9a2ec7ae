import { drops, echo, everyday, only, passes, tcp, udp } from '../packets.js';
import type { Row } from '../row.js';

/** Who the peer of a rule is: a CIDR, an address group, a group, or two of them. `web` is in `front`; `app` and `db` come to be in `back`. */
export const peerRows: readonly Row[] = [
  {
    promise: 'A CIDR rule allows sources in the CIDR only, and only of its family',
    act: async ({ scheduler, rules }) => {
      await scheduler.createGroup('front');
      await scheduler.attach('front', 'flat');
      await scheduler.join('front', 'web');
      // db and ops have .21 and .22; host bits are masked: 10.10.0.20/30 is .20 to .23.
      const [name] = await scheduler.addRules('front', {
        direction: 'INGRESS',
        protocol: 'TCP',
        ports: [443, 443],
        cidr: '10.10.0.22/30',
      });
      rules.set('cidr', name ?? '');
    },
    packets: [
      passes('db', 'web', only(4, tcp(443))),
      passes('ops', 'web', only(4, tcp(443))),
      drops('app', 'web', only(4, tcp(443))),
      drops('guest', 'web', only(4, tcp(443))),
      drops('ops', 'web', only(6, tcp(443)), tcp(80)),
    ],
  },
  {
    promise: 'A bare IPv6 address is that one source',
    act: ({ scheduler }) =>
      scheduler.addRules('front', { direction: 'INGRESS', protocol: 'UDP', ports: [53, 53], cidr: '2001:db8:b::13' }),
    packets: [
      passes('guest', 'web', only(6, udp(53))),
      drops('guest', 'web', only(4, udp(53))),
      drops('app', 'web', only(6, udp(53))),
      drops('db', 'web', only(6, udp(53))),
    ],
  },
  {
    promise: 'A remote group without members matches nobody',
    act: async ({ scheduler }) => {
      await scheduler.createGroup('back');
      await scheduler.attach('back', 'flat');
      await scheduler.addRules('front', { direction: 'INGRESS', protocol: 'TCP', ports: [8080, 8080], remote: 'back' });
    },
    packets: [drops('app', 'web', tcp(8080)), drops('db', 'web', tcp(8080))],
  },
  {
    promise: 'A remote group allows its members, wherever they are, and nobody else',
    act: ({ scheduler }) => scheduler.join('back', 'app', 'db'),
    packets: [
      passes('app', 'web', tcp(8080)),
      passes('db', 'web', tcp(8080)),
      drops('guest', 'web', tcp(8080)),
      drops('ops', 'web', tcp(8080)),
      drops('app', 'web', tcp(8081), echo),
    ],
  },
  {
    promise: 'A member that leaves the remote group is no longer allowed',
    act: ({ scheduler }) => scheduler.leave('back', 'db'),
    packets: [passes('app', 'web', tcp(8080)), drops('db', 'web', tcp(8080))],
  },
  {
    promise: 'A disabled remote group matches nobody',
    act: ({ scheduler }) => scheduler.setState('back', 'DISABLED'),
    packets: [drops('app', 'web', tcp(8080)), drops('db', 'web', tcp(8080))],
  },
  {
    promise: 'CIDR and remote group together: the peer must be in both (four combinations)',
    act: async ({ scheduler }) => {
      await scheduler.setState('back', 'ENABLED');
      await scheduler.join('back', 'db');
      await scheduler.addRules('front', {
        direction: 'INGRESS',
        protocol: 'TCP',
        ports: [9000, 9000],
        cidr: '10.10.0.20/30',
        remote: 'back',
      });
    },
    packets: [
      passes('db', 'web', only(4, tcp(9000))),
      drops('app', 'web', only(4, tcp(9000))),
      drops('ops', 'web', only(4, tcp(9000))),
      drops('guest', 'web', only(4, tcp(9000))),
      drops('db', 'web', only(6, tcp(9000))),
    ],
  },
  {
    promise: 'An address group allows sources in its CIDRs only, of both families',
    act: async ({ scheduler }) => {
      await scheduler.createAddressGroup('office', '10.10.0.22', '2001:db8:b::10/124');
      await scheduler.addRules('front', {
        direction: 'INGRESS',
        protocol: 'TCP',
        ports: [7000, 7000],
        named: 'office',
      });
    },
    packets: [
      passes('ops', 'web', only(4, tcp(7000))),
      drops('ops', 'web', only(6, tcp(7000)), only(4, tcp(7001))),
      passes('guest', 'web', only(6, tcp(7000))),
      drops('guest', 'web', only(4, tcp(7000))),
      drops('db', 'web', tcp(7000)),
    ],
  },
  {
    promise: 'CIDRs added to and removed from an address group change what its rules allow',
    act: async ({ scheduler }) => {
      await scheduler.addCidrs('office', '10.10.0.12/31', '10.10.0.21/32');
      await scheduler.removeCidrs('office', '10.10.0.22', '2001:db8:b::10/124');
    },
    packets: [
      passes('guest', 'web', only(4, tcp(7000))),
      passes('app', 'web', only(4, tcp(7000))),
      passes('db', 'web', only(4, tcp(7000))),
      drops('ops', 'web', tcp(7000)),
      drops('guest', 'web', only(6, tcp(7000))),
    ],
  },
  {
    promise: 'A NIC in two groups gets the union of their rules',
    act: async ({ scheduler }) => {
      await scheduler.createGroup('extra');
      await scheduler.attach('extra', 'flat');
      await scheduler.addRules('extra', { direction: 'INGRESS', protocol: 'ICMP' });
      await scheduler.join('extra', 'web');
    },
    packets: [passes('guest', 'web', echo), passes('db', 'web', only(4, tcp(443))), drops('guest', 'web', tcp(443))],
  },
  {
    promise: 'A disabled rule allows nothing',
    act: ({ scheduler, rules }) => scheduler.disableRule(rules.get('cidr') ?? ''),
    packets: [drops('db', 'web', only(4, tcp(443))), drops('ops', 'web', only(4, tcp(443)))],
  },
  {
    promise: 'Deleting a group that rules name is refused, and lists them',
    act: ({ scheduler }) => scheduler.deleteGroup('back'),
    refused: 'SECURITY_GROUP_IN_USE',
    packets: [passes('app', 'web', tcp(8080))],
  },
  {
    promise: 'Forced, it deletes those rules too',
    act: ({ scheduler }) => scheduler.deleteGroup('back', { force: true }),
    packets: [
      drops('app', 'web', tcp(8080)),
      drops('db', 'web', only(4, tcp(9000))),
      passes('guest', 'app', ...everyday),
    ],
  },
];
