import { drops, echo, everything, gre, only, otherIcmp, passes, tcp, udp } from '../packets.js';
import type { Row } from '../row.js';

/** Protocols and ports of ingress rules of `team`; `web` is in it, `guest` (one host) and `ops` (two hosts) are not. */
export const protocolRows: readonly Row[] = [
  {
    promise: 'A TCP rule allows its port and no other',
    act: async ({ scheduler, rules }) => {
      const [name] = await scheduler.addRules('team', { direction: 'INGRESS', protocol: 'TCP', ports: [80, 80] });
      rules.set('tcp/80', name ?? '');
    },
    packets: [
      passes('guest', 'web', tcp(80)),
      passes('ops', 'web', tcp(80)),
      drops('ops', 'web', tcp(79), tcp(81), udp(80), echo, gre),
    ],
  },
  {
    promise: 'The same rule again is refused, and names the existing one',
    act: ({ scheduler }) => scheduler.addRules('team', { direction: 'INGRESS', protocol: 'TCP', ports: [80, 80] }),
    refused: 'RESOURCE_ALREADY_EXISTS',
    packets: [passes('ops', 'web', tcp(80))],
  },
  {
    promise: 'A port range holds at both ends and not just outside, TCP and UDP',
    act: ({ scheduler }) =>
      scheduler.addRules(
        'team',
        { direction: 'INGRESS', protocol: 'TCP', ports: [8000, 8010] },
        { direction: 'INGRESS', protocol: 'UDP', ports: [5000, 5999] },
      ),
    packets: [
      passes('ops', 'web', tcp(8000), tcp(8005), tcp(8010), udp(5000), udp(5999)),
      passes('guest', 'web', tcp(8000), tcp(8010), udp(5000), udp(5999)),
      drops('ops', 'web', tcp(7999), tcp(8011), udp(4999), udp(6000), udp(8005), tcp(5500)),
      drops('guest', 'web', tcp(7999), tcp(8011), udp(4999), udp(6000)),
    ],
  },
  {
    promise: 'Ports 1 and 65535 are ports like any other',
    act: ({ scheduler }) =>
      scheduler.addRules(
        'team',
        { direction: 'INGRESS', protocol: 'TCP', ports: [65535, 65535] },
        { direction: 'INGRESS', protocol: 'UDP', ports: [1, 1] },
      ),
    packets: [passes('ops', 'web', tcp(65535), udp(1)), drops('ops', 'web', tcp(65534), udp(2), tcp(1), udp(65535))],
  },
  {
    promise: 'A wrong port range is refused, naming the field, and changes nothing',
    act: ({ scheduler }) => scheduler.addRules('team', { direction: 'INGRESS', protocol: 'TCP', ports: [90, 70] }),
    refused: 'PORT_RANGE_INVERTED',
    packets: [drops('ops', 'web', tcp(79), tcp(81))],
  },
  {
    promise: 'A rule that is removed no longer allows',
    act: ({ scheduler, rules }) => scheduler.removeRule(rules.get('tcp/80') ?? ''),
    packets: [drops('guest', 'web', tcp(80)), drops('ops', 'web', tcp(80)), passes('ops', 'web', tcp(8000))],
  },
  {
    promise: 'An ICMP rule narrowed to a type allows that type only',
    act: async ({ scheduler, rules }) => {
      const names = await scheduler.addRules(
        'team',
        { direction: 'INGRESS', protocol: 'ICMP', icmp: [8, 0], cidr: '0.0.0.0/0' },
        { direction: 'INGRESS', protocol: 'ICMP', icmp: [128], cidr: '::/0' },
      );
      names.forEach((name, i) => {
        rules.set(`echo ${i}`, name);
      });
    },
    packets: [
      passes('ops', 'web', echo),
      passes('guest', 'web', echo),
      drops('ops', 'web', otherIcmp),
      drops('guest', 'web', otherIcmp, tcp(80)),
    ],
  },
  {
    promise: 'An ICMP rule without a type allows every message of both families',
    act: ({ scheduler }) => scheduler.addRules('team', { direction: 'INGRESS', protocol: 'ICMP' }),
    packets: [
      passes('ops', 'web', echo, otherIcmp),
      passes('guest', 'web', otherIcmp),
      drops('ops', 'web', tcp(80), gre),
    ],
  },
  {
    promise: 'An ALL rule for one family allows everything of that family',
    act: ({ scheduler }) => scheduler.addRules('team', { direction: 'INGRESS', protocol: 'ALL', cidr: '::/0' }),
    packets: [
      passes('ops', 'web', ...everything.map((kind) => only(6, kind))),
      drops('ops', 'web', only(4, tcp(80)), only(4, gre), only(4, udp(53))),
    ],
  },
  {
    promise: 'An ALL rule without a CIDR allows everything from anyone',
    act: ({ scheduler }) => scheduler.addRules('team', { direction: 'INGRESS', protocol: 'ALL' }),
    packets: [passes('ops', 'web', ...everything), passes('guest', 'web', ...everything)],
  },
  {
    promise: 'Deleting a group takes its NICs out of it',
    act: ({ scheduler }) => scheduler.deleteGroup('team'),
    packets: [passes('guest', 'web', ...everything), passes('guest', 'app', ...everything)],
  },
];
