/** A simulated L3 network: one bridge on every host and one in the underlay that joins them. */
export interface LabNetwork {
  readonly id: string;
  readonly cidrs: readonly string[];
}

export interface LabVm {
  readonly id: string;
  /** A host, or `underlay`: outside every host, where nobody filters. */
  readonly host: string;
  readonly network: string;
  /** Name of the host's end of the cable, 15 characters at most. The VM's end is always eth0. */
  readonly interfaceName: string;
  readonly mac: string;
  /** With prefix lengths: `10.0.0.5/24`, `2001:db8::5/64`. */
  readonly addresses: readonly string[];
}

export interface LabOptions {
  readonly hosts: readonly string[];
  readonly networks: readonly LabNetwork[];
  readonly vms: readonly LabVm[];
  /** VMs know each other's MACs, so that replies never depend on address resolution. Default: true. */
  readonly staticNeighbours?: boolean;
}

export const underlay = 'underlay';

export type NamespaceOf = (id: string) => string;

/** Names of bridges go by position: identifiers may be longer than an interface name may be. */
export function bridgeName(options: LabOptions, network: string): string {
  const index = options.networks.findIndex(({ id }) => id === network);
  if (index < 0) throw new Error(`no network ${network} in the lab`);
  return `br${index}`;
}

/** Every cable of the lab; to be run in the underlay's namespace, so that no line can touch the machine's own. */
export function cableLines(options: LabOptions, namespaceOf: NamespaceOf): string[] {
  const uplinks = options.hosts.flatMap((host, h) =>
    options.networks.map((_, n) =>
      cable({ at: namespaceOf(host), name: `up${n}` }, { at: namespaceOf(underlay), name: `h${h}n${n}` }),
    ),
  );
  return [...uplinks, ...options.vms.map((vm) => vmCableLine(vm, namespaceOf))];
}

export function vmCableLine(vm: LabVm, namespaceOf: NamespaceOf): string {
  const end = { at: namespaceOf(vmKey(vm.id)), name: 'eth0', mac: vm.mac };
  return cable({ at: namespaceOf(vm.host), name: vm.interfaceName }, end);
}

export function hostLines(options: LabOptions, host: string): string[] {
  const uplinkLines = options.networks.flatMap((network, n) => portLines(`up${n}`, bridgeName(options, network.id)));
  return [...bridgeLines(options), ...uplinkLines, ...vmPortLines(options, host)];
}

export function underlayLines(options: LabOptions): string[] {
  const ports = options.hosts.flatMap((_, h) =>
    options.networks.flatMap((network, n) => portLines(`h${h}n${n}`, bridgeName(options, network.id))),
  );
  return [...bridgeLines(options), ...ports, ...vmPortLines(options, underlay)];
}

export function portLines(interfaceName: string, bridge: string): string[] {
  return [`link set ${interfaceName} master ${bridge} up`];
}

/** Inside the VM: its addresses, and those of all others on its network. */
export function vmLines(options: LabOptions, vm: LabVm): string[] {
  const own = vm.addresses.map((address) => `addr add ${address} dev eth0 nodad`);
  const others = options.vms.filter((other) => other.network === vm.network && other.id !== vm.id);
  const neighbours = others.flatMap((other) =>
    other.addresses.map((text) => `neigh replace ${text.split('/')[0]} lladdr ${other.mac} dev eth0 nud permanent`),
  );
  const up = ['link set lo up', ...own, 'link set eth0 up'];
  return options.staticNeighbours === false ? up : [...up, ...neighbours];
}

/** Settings under /proc/sys/net, `path value`: addresses usable at once, no unsolicited traffic, no rate limits. */
export const vmSettings: readonly string[] = [
  ...['all', 'default', 'eth0'].flatMap((conf) => [
    `ipv6/conf/${conf}/accept_dad 0`,
    `ipv6/conf/${conf}/accept_ra 0`,
    `ipv6/conf/${conf}/router_solicitations 0`,
    `ipv4/conf/${conf}/rp_filter 0`,
  ]),
  'ipv4/icmp_ratelimit 0',
  'ipv4/icmp_msgs_per_sec 1000000',
  'ipv4/icmp_msgs_burst 1000000',
  'ipv6/icmp/ratelimit 0',
];

/** Bridges and their ports speak no IPv6 of their own. */
export function hostSettings({ bridgeFilter }: { bridgeFilter: boolean }): string[] {
  const value = bridgeFilter ? 1 : 0;
  return [
    'ipv6/conf/all/disable_ipv6 1',
    'ipv6/conf/default/disable_ipv6 1',
    `bridge/bridge-nf-call-iptables ${value}`,
    `bridge/bridge-nf-call-ip6tables ${value}`,
  ];
}

export function vmKey(id: string): string {
  return `vm-${id}`;
}

/** Multicast snooping would hide frames that nobody has asked for; a probe wants them flooded. */
function bridgeLines(options: LabOptions): string[] {
  const lines = options.networks.flatMap(({ id }) => [
    `link add ${bridgeName(options, id)} type bridge forward_delay 0 mcast_snooping 0 no_linklocal_learn 1`,
    `link set ${bridgeName(options, id)} up`,
  ]);
  return ['link set lo up', ...lines];
}

function vmPortLines(options: LabOptions, host: string): string[] {
  const plugged = options.vms.filter((vm) => vm.host === host);
  return plugged.flatMap((vm) => portLines(vm.interfaceName, bridgeName(options, vm.network)));
}

interface CableEnd {
  readonly at: string;
  readonly name: string;
  readonly mac?: string;
}

function cable(left: CableEnd, right: CableEnd): string {
  const mac = right.mac === undefined ? '' : ` address ${right.mac}`;
  return `link add ${left.name} netns ${left.at} type veth peer name ${right.name}${mac} netns ${right.at}`;
}
