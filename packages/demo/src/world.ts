import type { Lab } from '@portcullis/testing';

/** The small cloud of the demonstration: two hosts, three L3 networks, ten VMs with one NIC each. */

export const project = 'projects/demo';
export const hosts = ['h1', 'h2'] as const;

interface DemoNetwork {
  readonly id: string;
  readonly kind: 'PUBLIC' | 'FLAT' | 'VPC';
  /** First three octets, and the first 64 bits. */
  readonly prefixes: readonly [string, string];
}

/** The VPC uses the addresses of the flat network: two routing domains that must never be confused. */
export const networks: readonly DemoNetwork[] = [
  { id: 'public', kind: 'PUBLIC', prefixes: ['203.0.113', '2001:db8:a'] },
  { id: 'flat', kind: 'FLAT', prefixes: ['10.10.0', '2001:db8:b'] },
  { id: 'vpc', kind: 'VPC', prefixes: ['10.10.0', '2001:db8:b'] },
];

export interface DemoVm {
  readonly id: string;
  readonly host: (typeof hosts)[number];
  readonly network: string;
  readonly mac: string;
  /** IPv4, then IPv6. */
  readonly addresses: readonly [string, string];
  readonly interfaceName: string;
}

/** On the flat network: web, app and guest share a host, db and ops are on the other. */
const places = [
  ['web', 'h1', 'flat', 11],
  ['app', 'h1', 'flat', 12],
  ['guest', 'h1', 'flat', 13],
  ['db', 'h2', 'flat', 21],
  ['ops', 'h2', 'flat', 22],
  ['vpc-web', 'h1', 'vpc', 11],
  ['vpc-app', 'h1', 'vpc', 12],
  ['vpc-db', 'h2', 'vpc', 21],
  ['public-web', 'h1', 'public', 11],
  ['public-client', 'h2', 'public', 21],
] as const;

export const vms: readonly DemoVm[] = places.map(([id, host, network, number], index) => {
  const [four, six] = networks.find((each) => each.id === network)?.prefixes ?? ['', ''];
  const octet = (value: number) => value.toString(16).padStart(2, '0');
  return {
    id,
    host,
    network,
    mac: `02:00:00:00:${octet(index + 1)}:${octet(number)}`,
    addresses: [`${four}.${number}`, `${six}::${number}`],
    interfaceName: `vnic${index + 1}.0`,
  };
});

export function vmOf(id: string): DemoVm {
  const found = vms.find((vm) => vm.id === id);
  if (found === undefined) throw new Error(`there is no VM ${id}`);
  return found;
}

/** The lab that stands for the machines and cables of this cloud. */
export function labOptions(): Lab['options'] {
  return {
    hosts,
    networks: networks.map(({ id, prefixes: [four, six] }) => ({ id, cidrs: [`${four}.0/24`, `${six}::/64`] })),
    vms: vms.map(({ addresses: [four, six], ...vm }) => ({ ...vm, addresses: [`${four}/24`, `${six}/64`] })),
  };
}

/** Name of the bridge of a network on every host of the lab. */
export function bridgeOf(network: string): string {
  return `br${networks.findIndex(({ id }) => id === network)}`;
}
