import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { HostGroup, HostNic } from '@portcullis/compile';
import type { Direction as ModelDirection, Protocol as ModelProtocol, Rule } from '@portcullis/model';
import {
  Direction,
  type HostGroup as HostGroupMessage,
  HostGroupSchema,
  type HostNic as HostNicMessage,
  HostNicSchema,
  type HostRule as HostRuleMessage,
  type HostRuleSchema,
  Protocol,
} from './gen/portcullis/enforce/v1/enforce_pb.js';

/** Conversions between one host's state and the messages of `portcullis.enforce.v1`. Decoding what was encoded gives the same value. */

const directions: Record<ModelDirection, Direction> = { ingress: Direction.INGRESS, egress: Direction.EGRESS };
const protocols: Record<ModelProtocol, Protocol> = {
  all: Protocol.ALL,
  tcp: Protocol.TCP,
  udp: Protocol.UDP,
  icmp: Protocol.ICMP,
};

export function encodeHostNic(nic: HostNic): HostNicMessage {
  return create(HostNicSchema, {
    nic: nic.id,
    interfaceName: nic.interfaceName,
    bridgeName: nic.bridge ?? '',
    routingDomain: nic.routingDomain,
    macAddress: nic.mac,
    addresses: [...nic.addresses],
    antiSpoofing: nic.antiSpoofing,
    guarded: nic.guarded,
    groups: [...nic.groups],
    egressOpen: nic.egressOpen,
    dhcpServers: [...nic.dhcpServers],
    logDrops: nic.logDrops === true,
    allowedAddressPairs: (nic.allowedPairs ?? []).map(({ mac, cidr }) => ({ macAddress: mac, cidr })),
  });
}

export function decodeHostNic(message: HostNicMessage): HostNic {
  const pairs = message.allowedAddressPairs.map(({ macAddress, cidr }) => ({ mac: macAddress, cidr }));
  return {
    id: message.nic,
    interfaceName: message.interfaceName,
    ...(message.bridgeName === '' ? {} : { bridge: message.bridgeName }),
    routingDomain: message.routingDomain,
    mac: message.macAddress,
    addresses: message.addresses,
    antiSpoofing: message.antiSpoofing,
    ...(pairs.length === 0 ? {} : { allowedPairs: pairs }),
    guarded: message.guarded,
    groups: message.groups,
    egressOpen: message.egressOpen,
    dhcpServers: message.dhcpServers,
    ...(message.logDrops ? { logDrops: true } : {}),
  };
}

export function encodeHostGroup(group: HostGroup): HostGroupMessage {
  const keepEstablishedFlows = group.keepsFlows ?? false;
  return create(HostGroupSchema, { group: group.id, rules: group.rules.map(encodeRule), keepEstablishedFlows });
}

export function decodeHostGroup(message: HostGroupMessage): HostGroup {
  const rules = message.rules.map(decodeRule);
  return { id: message.group, rules, ...(message.keepEstablishedFlows ? { keepsFlows: true } : {}) };
}

/** Only active rules are sent to hosts. */
function encodeRule(rule: Rule): MessageInitShape<typeof HostRuleSchema> {
  return {
    rule: rule.id,
    direction: directions[rule.direction],
    protocol: protocols[rule.protocol],
    startPort: rule.ports?.start ?? 0,
    endPort: rule.ports?.end ?? 0,
    ...(rule.icmp ? { icmpType: rule.icmp.type } : {}),
    ...(rule.icmp?.code === undefined ? {} : { icmpCode: rule.icmp.code }),
    cidr: rule.cidr ?? '',
    addressGroup: rule.addressGroup ?? '',
    remoteGroup: rule.remoteGroup ?? '',
  };
}

function decodeRule(message: HostRuleMessage): Rule {
  return {
    id: message.rule,
    direction: keyOf(directions, message.direction, 'direction'),
    protocol: keyOf(protocols, message.protocol, 'protocol'),
    ...(message.startPort === 0 ? {} : { ports: { start: message.startPort, end: message.endPort } }),
    ...(message.icmpType === undefined ? {} : { icmp: icmpMatch(message.icmpType, message.icmpCode) }),
    ...(message.cidr === '' ? {} : { cidr: message.cidr }),
    ...(message.addressGroup === '' ? {} : { addressGroup: message.addressGroup }),
    ...(message.remoteGroup === '' ? {} : { remoteGroup: message.remoteGroup }),
    active: true,
  };
}

function icmpMatch(type: number, code: number | undefined): { type: number; code?: number } {
  return code === undefined ? { type } : { type, code };
}

/** A rule with a word from a later version must not be guessed at: the host keeps what it has and reports. */
function keyOf<Key extends string>(table: Record<Key, number>, value: number, field: string): Key {
  const found = (Object.keys(table) as Key[]).find((key) => table[key] === value);
  if (found === undefined) throw new RangeError(`unknown ${field} ${value}`);
  return found;
}
