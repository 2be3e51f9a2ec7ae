import { createHash } from 'node:crypto';
import { type HostGroup, type HostNic, type HostState, memberSetKey } from '@portcullis/compile';
import type { Rule } from '@portcullis/model';
import { parseAddress, parseCidr } from '@portcullis/model';
import type { Desired } from './desired.js';

/** Why a NIC does not get what was meant for it. It is closed instead. */
export interface NicFailure {
  readonly nic: string;
  /** UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
  /** The set that the kernel refused, if one is to blame. */
  readonly set?: string;
}

export interface Admitted {
  /** Only values that may become text for the kernel's tools. */
  readonly state: HostState;
  /** NICs of the state that are to be closed, by id. */
  readonly closed: ReadonlySet<string>;
  readonly failures: readonly NicFailure[];
}

type Problem = Pick<NicFailure, 'reason' | 'message'>;

/**
 * Looks at everything from outside before it becomes text for a tool (S2): names, numbers and addresses are what they
 * have to be, or the NIC they concern is closed. What was looked at before is remembered while it is the same object.
 */
export class Admission {
  readonly #nics = new WeakMap<HostNic, Problem | 'good'>();
  readonly #groups = new WeakMap<HostGroup, Problem | 'good'>();
  readonly #standIns = new WeakMap<HostNic, HostNic>();
  /** Of the last state in which everything was good. */
  #good: Pick<HostState, 'nics' | 'groups'> | undefined;

  admit({ state, unreadable }: Desired): Admitted {
    const isGood = this.#good?.nics === state.nics && this.#good.groups === state.groups;
    if (isGood && unreadable.size === 0) return { state, closed: new Set(), failures: [] };
    const problems = new Map<HostNic, Problem>();
    const taken = new Map<string, HostNic>();
    for (const nic of state.nics.values()) {
      const problem = this.#problemOf(nic, state, unreadable);
      if (problem !== undefined) problems.set(nic, problem);
      const other = taken.get(nic.interfaceName);
      if (other === undefined) taken.set(nic.interfaceName, nic);
      else for (const each of [nic, other]) problems.set(each, interfaceTaken(nic.interfaceName));
    }
    if (problems.size === 0) {
      this.#good = { nics: state.nics, groups: state.groups };
      return { state, closed: new Set(), failures: [] };
    }
    const nics = new Map(state.nics);
    const closed = new Set<string>();
    for (const [nic] of problems) {
      nics.delete(nic.id);
      // There is no interface of such a name, and there can be none.
      if (!interfaceName.test(nic.interfaceName)) continue;
      const standIn = this.#standIns.get(nic) ?? standInFor(nic);
      this.#standIns.set(nic, standIn);
      nics.set(standIn.id, standIn);
      closed.add(standIn.id);
    }
    const failures = [...problems].map(([{ id }, problem]) => ({ nic: id, ...problem }));
    return { state: { ...state, nics }, closed, failures };
  }

  #problemOf(nic: HostNic, state: HostState, unreadable: Desired['unreadable']): Problem | undefined {
    const own = remembered(this.#nics, nic, () => nicProblem(nic));
    if (own !== undefined) return own;
    for (const id of nic.groups) {
      const reason = unreadable.get(`group ${id}`);
      if (reason !== undefined) return { reason: 'RULES_UNREADABLE', message: `${id}: ${reason}` };
      const group = state.groups.get(id);
      if (group === undefined) return { reason: 'GROUP_MISSING', message: `${id} was not sent` };
      const problem = remembered(this.#groups, group, () => groupProblem(group));
      if (problem !== undefined) return problem;
      if (unreadable.size === 0) continue;
      for (const { addressGroup, remoteGroup } of group.rules) {
        const why = addressGroup === undefined ? undefined : unreadable.get(`addressGroup ${addressGroup}`);
        if (why !== undefined) return { reason: 'ADDRESS_GROUP_INVALID', message: `${addressGroup}: ${why}` };
        if (remoteGroup === undefined) continue;
        const message = unreadable.get(`memberSet ${memberSetKey(remoteGroup, nic.routingDomain)}`);
        if (message !== undefined) return { reason: 'MEMBERS_INVALID', message: `${remoteGroup}: ${message}` };
      }
    }
    return undefined;
  }
}

/** As inventory has it, but for a leading hyphen, which a tool would take for an option. */
const interfaceName = /^[A-Za-z0-9_.@:][A-Za-z0-9_.@:-]{0,14}$/;
/** Becomes a comment, in quotes and at most 255 characters (XT_MAX_COMMENT_LEN - 1). */
const resourceId = /^[A-Za-z0-9][A-Za-z0-9/_.:@-]{0,254}$/;
const macAddress = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

function nicProblem(nic: HostNic): Problem | undefined {
  const { id, bridge } = nic;
  if (!interfaceName.test(nic.interfaceName)) return nicInvalid(nic, 'interface name', nic.interfaceName);
  if (!resourceId.test(id)) return nicInvalid(nic, 'name', id);
  if (bridge !== undefined && !interfaceName.test(bridge)) return nicInvalid(nic, 'bridge', bridge);
  if (!macAddress.test(nic.mac)) return nicInvalid(nic, 'MAC address', nic.mac);
  const address = [...nic.addresses, ...nic.dhcpServers].find((each) => parseAddress(each) === undefined);
  if (address !== undefined) return nicInvalid(nic, 'address', address);
  for (const { mac, cidr } of nic.allowedPairs ?? []) {
    if (!macAddress.test(mac)) return nicInvalid(nic, 'MAC address', mac);
    if (parseCidr(cidr) === undefined) return nicInvalid(nic, 'CIDR', cidr);
  }
  return undefined;
}

function nicInvalid({ id }: HostNic, field: string, value: string): Problem {
  return { reason: 'NIC_INVALID', message: `${id}: ${JSON.stringify(value)} cannot be its ${field}` };
}

function interfaceTaken(name: string): Problem {
  return { reason: 'INTERFACE_TAKEN', message: `two NICs of the host are bound to the interface ${name}` };
}

function groupProblem({ id, rules }: HostGroup): Problem | undefined {
  if (!resourceId.test(id)) return { reason: 'RULES_INVALID', message: `${JSON.stringify(id)} cannot be a group` };
  for (const rule of rules) {
    const problem = ruleProblem(rule);
    if (problem !== undefined) return { reason: 'RULES_INVALID', message: `${rule.id}: ${problem}` };
  }
  return undefined;
}

function ruleProblem({ protocol, ports, icmp, cidr }: Rule): string | undefined {
  const hasPorts = protocol === 'tcp' || protocol === 'udp';
  if (hasPorts && (ports === undefined || !isRange(ports.start, ports.end, 1, 65_535))) return 'ports are not a range';
  if (!hasPorts && ports !== undefined) return `${protocol} has no ports`;
  if (icmp !== undefined && protocol !== 'icmp') return `${protocol} has no ICMP type`;
  if (icmp !== undefined && !isRange(icmp.type, icmp.type, 0, 255)) return 'the ICMP type is not one';
  if (icmp?.code !== undefined && !isRange(icmp.code, icmp.code, 0, 255)) return 'the ICMP code is not one';
  if (cidr !== undefined && parseCidr(cidr) === undefined) return `${JSON.stringify(cidr)} is not a CIDR`;
  return undefined;
}

function isRange(start: number, end: number, min: number, max: number): boolean {
  return Number.isInteger(start) && Number.isInteger(end) && min <= start && start <= end && end <= max;
}

/** What is closed in place of a NIC that cannot be rendered: it has the interface, and nothing else from outside. */
function standInFor({ id, interfaceName: name }: HostNic): HostNic {
  const isNameable = resourceId.test(id);
  return {
    id: isNameable ? id : `refused/${createHash('sha256').update(id).digest('hex').slice(0, 32)}`,
    interfaceName: name,
    routingDomain: '',
    mac: '00:00:00:00:00:00',
    addresses: [],
    antiSpoofing: true,
    guarded: true,
    groups: [],
    egressOpen: false,
    dhcpServers: [],
  };
}

function remembered<Key extends object>(
  known: WeakMap<Key, Problem | 'good'>,
  key: Key,
  look: () => Problem | undefined,
): Problem | undefined {
  const found = known.get(key) ?? look() ?? 'good';
  known.set(key, found);
  return found === 'good' ? undefined : found;
}
