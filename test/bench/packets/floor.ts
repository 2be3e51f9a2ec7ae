import { frameHook } from '@portcullis/ruleset';
import type { LabVm } from '@portcullis/testing';

/** What iptables-restore and ebtables-restore are to be fed with. */
export interface FloorRules {
  readonly packets: string;
  readonly frames: string;
}

/**
 * The least that these tools can do for NICs that are guarded, with anti-spoofing, on a host that has no others: for each
 * packet one rule tells, before the bridge learns from it, that port, MAC and address go together, one whether it is part of
 * a connection, and one of ebtables leaves it to them. No host of many NICs gets by with so few.
 */
export function renderFloor(vms: readonly LabVm[], openPort: number): FloorRules {
  const sources = vms.flatMap(({ interfaceName, mac, addresses }) => {
    const port = `-m physdev --physdev-in ${interfaceName}`;
    const own = addresses.filter((address) => !address.includes(':')).map((address) => address.split('/')[0]);
    return own.map((address) => `-s ${address}/32 ${port} -m mac --mac-source ${mac} -j RETURN`);
  });
  const forged = vms.map(({ interfaceName }) => `-m physdev --physdev-in ${interfaceName} -j DROP`);
  const open = ['tcp', 'udp'].map((protocol) => {
    return `-s 198.18.0.0/15 -p ${protocol} -m ${protocol} --dport ${openPort} -j RETURN`;
  });
  const packets = [
    '*raw',
    ...[...sources, ...forged].map((rule) => `-A PREROUTING ${rule}`),
    'COMMIT',
    '*filter',
    ':FLOOR - [0:0]',
    '-A FORWARD -m conntrack ! --ctstate RELATED,ESTABLISHED -j FLOOR',
    ...[...open, '-j DROP'].map((rule) => `-A FLOOR ${rule}`),
    'COMMIT',
  ];
  const frames = ['*nat', ':PC-FRAME RETURN', '-A PC-FRAME -p IPv6 -j RETURN', `-A PREROUTING ${frameHook}`, 'COMMIT'];
  return { packets: `${packets.join('\n')}\n`, frames: `${frames.join('\n')}\n` };
}
