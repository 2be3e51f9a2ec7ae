import { inventoryV1 } from '@portcullis/api';
import { drops, echo, everyday, everything, forged, passes, spoofed, tcp, udp } from '../packets.js';
import type { Row } from '../row.js';

const { EgressDefault } = inventoryV1;

/** What may leave, both ends, and the NIC's own settings. `web` is still in `front` and `extra`. */
export const egressRows: readonly Row[] = [
  {
    promise: 'The first egress rule closes the rest of egress',
    act: async ({ scheduler, rules }) => {
      const [name] = await scheduler.addRules('front', {
        direction: 'EGRESS',
        protocol: 'TCP',
        ports: [443, 443],
      });
      rules.set('egress', name ?? '');
    },
    packets: [
      passes('web', 'guest', tcp(443)),
      passes('web', 'ops', tcp(443)),
      drops('web', 'guest', tcp(80), udp(443), echo),
      drops('web', 'ops', tcp(442), tcp(444), udp(53), echo),
    ],
  },
  {
    promise: 'A disabled egress rule still counts: egress does not open by itself',
    act: ({ scheduler, rules }) => scheduler.disableRule(rules.get('egress') ?? ''),
    packets: [drops('web', 'ops', tcp(443), udp(53), echo), drops('web', 'guest', tcp(443), echo)],
  },
  {
    promise: 'Without any egress rule egress is open again',
    act: ({ scheduler, rules }) => scheduler.removeRule(rules.get('egress') ?? ''),
    packets: [passes('web', 'ops', ...everything), passes('web', 'guest', ...everything)],
  },
  {
    promise: 'An egress rule to a group lets out to its members only',
    act: async ({ scheduler, rules }) => {
      await scheduler.createGroup('logs');
      await scheduler.attach('logs', 'flat');
      await scheduler.addRules('logs', { direction: 'INGRESS', protocol: 'UDP', ports: [514, 514] });
      await scheduler.join('logs', 'ops', 'guest');
      const [name] = await scheduler.addRules('front', { direction: 'EGRESS', protocol: 'ALL', remote: 'logs' });
      rules.set('to logs', name ?? '');
    },
    packets: [
      passes('web', 'ops', udp(514)),
      passes('web', 'guest', udp(514)),
      drops('web', 'db', udp(514), tcp(80), echo),
      drops('web', 'app', udp(514), tcp(80)),
    ],
  },
  {
    promise: "Both ends are judged: the sender's accept does not skip the receiver",
    packets: [drops('web', 'guest', udp(515), tcp(80), echo), drops('web', 'ops', udp(515), tcp(80), echo)],
  },
  {
    promise: "Both ends are judged: the receiver's accept does not skip the sender",
    act: async ({ scheduler }) => {
      await scheduler.addRules('extra', { direction: 'INGRESS', protocol: 'UDP', ports: [7, 7] });
      await scheduler.addRules('logs', { direction: 'EGRESS', protocol: 'UDP', ports: [9, 9] });
    },
    packets: [
      drops('guest', 'web', udp(7), echo),
      drops('ops', 'web', udp(7), echo),
      passes('app', 'web', udp(7), echo),
    ],
  },
  {
    promise: 'A NIC may override its egress default: ALLOW',
    act: ({ scheduler }) => scheduler.updateNic('web', { egressDefault: EgressDefault.ALLOW }),
    packets: [passes('web', 'db', ...everything), passes('web', 'app', ...everything)],
  },
  {
    promise: 'A NIC may override its egress default: DENY',
    act: async ({ scheduler, rules }) => {
      await scheduler.removeRule(rules.get('to logs') ?? '');
      await scheduler.updateNic('web', { egressDefault: EgressDefault.DENY });
    },
    packets: [drops('web', 'db', ...everyday), drops('web', 'app', ...everyday), passes('app', 'web', echo)],
  },
  {
    promise: 'Anti-spoofing drops what a VM sends from a foreign address or MAC',
    act: ({ scheduler }) => scheduler.updateNic('web', { egressDefault: EgressDefault.AUTO }),
    packets: [
      drops('app', 'db', spoofed(udp(53), { 4: '10.10.0.99', 6: '2001:db8:b::99' })),
      drops('app', 'db', forged(udp(53), '02:00:00:00:00:99')),
      passes('app', 'db', ...everyday),
      passes('db', 'app', ...everyday),
    ],
  },
  {
    promise: 'A NIC without anti-spoofing may send from any',
    act: ({ scheduler }) => scheduler.updateNic('app', { antiSpoofing: false }),
    packets: [
      passes('app', 'db', spoofed(udp(53), { 4: '10.10.0.99', 6: '2001:db8:b::99' })),
      passes('app', 'db', forged(udp(53), '02:00:00:00:00:99')),
    ],
  },
];
