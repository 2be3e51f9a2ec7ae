import { drops, echo, everyday, everything, passes, spoofed, tcp, udp } from '../packets.js';
import type { Row } from '../row.js';
import { vmOf } from '../world.js';

/** Groups across public, flat and VPC networks, equal addresses, and the life of a VM. */
export const networkRows: readonly Row[] = [
  {
    promise: 'One group on a public, a flat and a VPC network: its rules hold on all',
    act: async ({ scheduler }) => {
      for (const group of ['extra', 'logs', 'front']) await scheduler.deleteGroup(group, { force: true });
      await scheduler.createGroup('shop');
      await scheduler.attach('shop', 'public', 'flat', 'vpc');
      await scheduler.addRules('shop', { direction: 'INGRESS', protocol: 'TCP', ports: [80, 80] });
      await scheduler.join('shop', 'public-web', 'web', 'vpc-web');
    },
    packets: [
      passes('public-client', 'public-web', tcp(80)),
      passes('ops', 'web', tcp(80)),
      passes('vpc-db', 'vpc-web', tcp(80)),
      passes('vpc-app', 'vpc-web', tcp(80)),
      drops('public-client', 'public-web', tcp(81), udp(80), echo),
      drops('ops', 'web', tcp(81), udp(80), echo),
      drops('vpc-db', 'vpc-web', tcp(81), udp(80), echo),
    ],
  },
  {
    // db and vpc-db have the same addresses; so have app and vpc-app.
    promise: 'Members with equal addresses in two routing domains are not confused',
    act: ({ scheduler }) => scheduler.join('shop', 'db', 'vpc-app'),
    packets: [
      passes('db', 'web', udp(53), echo),
      drops('vpc-db', 'vpc-web', udp(53), echo),
      passes('vpc-app', 'vpc-web', udp(53), echo),
      drops('app', 'web', udp(53), echo),
    ],
  },
  {
    promise: 'Detaching a network takes its NICs out of the group, and no others',
    act: ({ scheduler }) => scheduler.detach('shop', 'vpc'),
    packets: [
      passes('vpc-db', 'vpc-web', ...everyday),
      passes('vpc-db', 'vpc-app', ...everyday),
      drops('ops', 'web', udp(53), echo),
      passes('db', 'web', udp(53), echo),
    ],
  },
  {
    promise: 'A rule with an expiry time allows until then',
    act: async ({ scheduler, rules }) => {
      const [name] = await scheduler.addRules('shop', {
        direction: 'INGRESS',
        protocol: 'UDP',
        ports: [123, 123],
        expireInMs: 4000,
      });
      rules.set('expiring', name ?? '');
    },
    packets: [passes('ops', 'web', udp(123)), passes('public-client', 'public-web', udp(123))],
  },
  {
    promise: 'Then it is taken from every host',
    act: async ({ scheduler, rules }) => {
      await scheduler.untilExpired(rules.get('expiring') ?? '');
      // Already attached: nothing changes, and the answer's token is at or after the expiry.
      await scheduler.attach('shop', 'flat');
    },
    packets: [drops('ops', 'web', udp(123)), drops('public-client', 'public-web', udp(123))],
  },
  {
    promise: 'A VM that stops leaves its host; its membership and member addresses stay',
    act: async ({ scheduler, lab }) => {
      await lab.unplug('db');
      await scheduler.unbind('db');
      await scheduler.updateNic('ops', { antiSpoofing: false });
    },
    // Whoever has the address of db is let in by its members' rules, and ops may send from any now.
    packets: [
      drops('web', 'db', tcp(80)),
      drops('ops', 'web', echo),
      passes('ops', 'web', spoofed(echo, { 4: vmOf('db').addresses[0], 6: vmOf('db').addresses[1] })),
    ],
  },
  {
    promise: 'Rules are in force before the interface exists: not one packet passes first',
    act: ({ scheduler }) => scheduler.bind('db'),
    // Interface and bridge appear only now; the very first packets are judged.
    afterwards: ({ lab }) => lab.plug('db'),
    packets: [
      drops('ops', 'db', ...everyday.filter(({ name }) => name !== 'tcp/80'), tcp(81)),
      passes('ops', 'db', tcp(80)),
      passes('web', 'db', udp(53), echo),
      passes('db', 'web', udp(53), echo),
    ],
  },
  {
    promise: 'A NIC in no group is still untouched',
    packets: [passes('vpc-app', 'vpc-web', ...everything), passes('ops', 'guest', ...everything)],
  },
];
