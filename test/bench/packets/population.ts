import { type HostGroup, type HostNic, type HostState, type MemberSet, memberSetKey } from '@portcullis/compile';
import type { Rule } from '@portcullis/model';
import type { LabVm } from '@portcullis/testing';

const ruleCount = 100;
/** The port that is open, of UDP and TCP; everything else is closed. */
export const openPort = 4711;
/** Its frames may leave the sender, but not reach the receiver. */
export const closedPort = 4712;
/** Its frames the receiver would take, but they may not leave the sender. */
export const unsentPort = 4713;

const routingDomain = 'default';
const bridge = 'br0';
const remote = 'projects/p/securityGroups/remote';
const nicsPerGroup = 10;
const memberCount = 1000;

const ends = ['sender', 'receiver'] as const;
type End = (typeof ends)[number];

/** A host, and the two NICs on it between which packets flow. The receiver's is the last of the host's, the sender's the one before. */
export interface Population {
  readonly state: HostState;
  readonly vms: Readonly<Record<End, LabVm>>;
}

/** With one NIC, it is the receiver's; the sender's is there all the same, and is not judged. */
export function populationOf(nicCount: number): Population {
  const groupIds = Array.from(
    { length: Math.ceil(nicCount / nicsPerGroup) },
    (_, g) => `projects/p/securityGroups/g${g}`,
  );
  const names = Array.from({ length: Math.max(nicCount, 2) }, (_, n) => `vnic${n}.0`).toSorted();
  const all = names.map((interfaceName, n): HostNic => {
    const hex = [n >> 8, n & 255].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
    return {
      id: `projects/p/nics/n${n}`,
      interfaceName,
      bridge,
      routingDomain,
      mac: `02:00:00:00:${hex}`,
      addresses: [`198.18.${n >> 8}.${n & 255}`, `2001:db8::${n.toString(16)}`],
      antiSpoofing: true,
      guarded: true,
      groups: [groupIds[n % groupIds.length] ?? ''],
      egressOpen: false,
      dhcpServers: [],
    };
  });
  const nics = all.slice(-nicCount);
  const groups = groupIds.map((id): HostGroup => ({ id, rules: rulesOf(id) }));
  const addresses = Array.from({ length: memberCount }, (_, m) => `10.200.${m >> 8}.${m & 255}`);
  const members: MemberSet = { group: remote, routingDomain, addresses: new Set(addresses) };
  const [sender, receiver] = all.slice(-2);
  if (sender === undefined || receiver === undefined) throw new Error('a population has two ends');
  return {
    state: {
      nics: new Map(nics.map((nic) => [nic.id, nic])),
      groups: new Map(groups.map((group) => [group.id, group])),
      memberSets: new Map([[memberSetKey(remote, routingDomain), members]]),
      addressGroups: new Map(),
    },
    vms: { sender: vmOf('sender', sender), receiver: vmOf('receiver', receiver) },
  };
}

function vmOf(id: End, { interfaceName, mac, addresses }: HostNic): LabVm {
  const withLengths = addresses.map((address) => `${address}/${address.includes(':') ? 64 : 15}`);
  return { id, host: 'h1', network: 'flat', interfaceName, mac, addresses: withLengths };
}

/** A fifth for egress. */
function rulesOf(group: string): Rule[] {
  const ingress = { active: true, direction: 'ingress', cidr: '198.18.0.0/15' } as const;
  const open = (['tcp', 'udp'] as const).flatMap((protocol) => [
    { ...ingress, protocol, ports: { start: openPort, end: openPort } },
    { active: true, direction: 'egress', protocol, ports: { start: openPort, end: closedPort } } as const,
  ]);
  const unsent = { ...ingress, protocol: 'tcp', ports: { start: unsentPort, end: unsentPort } } as const;
  const others = Array.from({ length: ruleCount - open.length - 1 }, (_, r) => otherRule(r));
  return [...others, unsent, ...open].map((rule, r) => ({ id: `${group}/rules/${r}`, ...rule }));
}

/** One that no packet of the benchmark matches. */
function otherRule(r: number): Omit<Rule, 'id'> {
  const base = { direction: r % 5 === 4 ? 'egress' : 'ingress', active: true } as const;
  const port = 1000 + 2 * r;
  switch (r % 4) {
    case 0:
      return { ...base, protocol: 'tcp', ports: { start: port, end: port }, remoteGroup: remote };
    case 1:
      return { ...base, protocol: 'udp', ports: { start: port, end: port + 1 }, cidr: `10.${r}.0.0/16` };
    case 2:
      return { ...base, protocol: 'tcp', ports: { start: port, end: port } };
    default:
      return { ...base, protocol: 'tcp', ports: { start: 443, end: 443 }, cidr: `10.${r}.0.0/16` };
  }
}
