import type { HostNic } from '@portcullis/compile';
import { type Direction, type Family, parseAddress } from '@portcullis/model';
import type { Chain, TableName } from './chain.js';
import { type DropLog, logRule } from './drop-log.js';
import { hostCidr } from './kernel-address.js';
import { allowMark, chains, groupChain, type NicChainUse, nicChain } from './names.js';
import { discoveryRules, spoofingRules } from './spoofing-rules.js';

export const clearMark = `-j MARK --set-xmark 0x0/${allowMark}`;
const setMark = `-j MARK --set-xmark ${allowMark}/${allowMark}`;
const isMarked = `-m mark --mark ${allowMark}/${allowMark}`;

/** The chains of one NIC for one family; which of them exist tells which ends are judged. */
export function renderNicChains(nic: HostNic, family: Family, dropLog: DropLog): { [use in NicChainUse]?: Chain } {
  const judging = (direction: Direction) =>
    chainOf(nic, direction, [
      ...judgingRules(nic, direction, family),
      ...(nic.logDrops ? [logRule(nicChain(direction, nic.id), dropLog)] : []),
    ]);
  return {
    ...(nic.antiSpoofing ? spoofingChains(nic, family, dropLog) : {}),
    ...(nic.guarded ? { ingress: judging('ingress') } : {}),
    ...(nic.guarded && !nic.egressOpen ? { egress: judging('egress') } : {}),
  };
}

/** Where drops are logged, all ways to one go through a chain of its own. */
function spoofingChains(nic: HostNic, family: Family, dropLog: DropLog): { [use in NicChainUse]?: Chain } {
  const spoofing = chainOf(nic, 'spoofing', spoofingRules(nic, family));
  const chains = family === 6 ? { spoofing, discovery: discoveryChain(nic) } : { spoofing };
  if (!nic.logDrops) return chains;
  const logged = ({ rules, ...chain }: Chain): Chain => ({
    ...chain,
    rules: rules.map((rule) => rule.replace(/-j DROP$/, `-g ${nicChain('spoofed', nic.id)}`)),
  });
  return {
    ...Object.fromEntries(Object.entries(chains).map(([use, chain]) => [use, logged(chain)])),
    spoofed: chainOf(nic, 'spoofed', [logRule(nicChain('spoofing', nic.id), dropLog)]),
  };
}

/** A NIC whose own chains the kernel refuses: nothing in, and nothing out, not even inside an allowed connection. */
export function renderClosedNic(nic: HostNic): Record<Direction | 'spoofing', Chain> {
  const closed = (use: NicChainUse) => chainOf(nic, use, []);
  return { spoofing: closed('spoofing'), ingress: closed('ingress'), egress: closed('egress') };
}

/**
 * Tells people whose chain it is, in its last rule, which the fewest packets come to. Ids are checked before: letters,
 * digits and `/_.:@-`. Quoted where iptables-save quotes (xtables_save_string).
 */
export function comment(id: string): string {
  return `-m comment --comment ${/^[A-Za-z0-9_-]+$/.test(id) ? id : `"${id}"`}`;
}

/** In whose name a packet is sent is judged before the bridge learns from it, and before connection tracking sees it. */
function tableOf(use: NicChainUse): TableName {
  return use === 'ingress' || use === 'egress' ? 'filter' : 'raw';
}

/** What no rule lets pass is dropped. */
function chainOf(nic: HostNic, use: NicChainUse, rules: readonly string[]): Chain {
  return { table: tableOf(use), name: nicChain(use, nic.id), rules: [...rules, `${comment(nic.id)} -j DROP`] };
}

/** What it has nothing against, the rules about sources judge. */
function discoveryChain(nic: HostNic): Chain {
  return { table: 'raw', name: nicChain('discovery', nic.id), rules: [...discoveryRules(nic), comment(nic.id)] };
}

function judgingRules(nic: HostNic, direction: Direction, family: Family): string[] {
  const groups = nic.groups.flatMap((group) => [
    `-j ${groupChain(direction, group, nic.routingDomain)}`,
    `${isMarked} -j RETURN`,
  ]);
  return [...essentialRules(nic, direction, family), clearMark, ...groups];
}

/** Neighbour discovery (RFC 4861) and the NIC's own DHCP exchange (RFC 2131, RFC 8415); nothing else is silently open. */
function essentialRules(nic: HostNic, direction: Direction, family: Family): string[] {
  const [client, server] = family === 4 ? [68, 67] : [546, 547];
  const discovery = family === 4 ? [] : [direction === 'ingress' ? 134 : 133, 135, 136].map(discoveryRule);
  if (direction === 'egress') return [...discovery, `-p udp -m udp --sport ${client} --dport ${server} -j RETURN`];
  const answer = `-p udp -m udp --sport ${server} --dport ${client} -j RETURN`;
  const servers = nic.dhcpServers.filter((address) => parseAddress(address)?.family === family);
  const answers = servers.length === 0 ? [answer] : servers.map((address) => `-s ${hostCidr(address)} ${answer}`);
  return [...discovery, ...answers];
}

function discoveryRule(type: number): string {
  return `-p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j RETURN`;
}

/** The fixed chains that judging begins and ends with. */
export const allowChain: Chain = { table: 'filter', name: chains.allow, rules: [setMark] };
