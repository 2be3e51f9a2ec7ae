import { policyV1 } from '@portcullis/api';
import { z } from 'zod';
import { cidrsOf } from './address-range.js';
import { listOf, optionalText, RuleCount, readDocument, refuseManyItems } from './document.js';
import { cutDescription, groupFields } from './group-fields.js';
import { groupIds } from './group-ids.js';
import { closesEgress, distinct, Findings, type Imported, type ImportedGroup, type ImportedRule } from './imported.js';
import { anyAddress, readPorts } from './source-match.js';
import { isDropEffective } from './zstack-drop.js';
import { partCount, peerRanges, portsOf, type ZstackRule, zstackRuleSchema } from './zstack-rule.js';

const { Direction, ImportEffect, Protocol } = policyV1;

const schema = z.looseObject({
  inventories: z.array(
    z.looseObject({
      uuid: z.string().min(1),
      name: z.string(),
      description: optionalText,
      state: z.enum(['Enabled', 'Disabled']).nullish(),
      rules: listOf(zstackRuleSchema),
    }),
  ),
});

/** Reads the answer to QuerySecurityGroup: the rules of ZStack 4.7.21 and later, which are ordered, and those before. */
export function readZstack(text: string): Imported {
  const { inventories: sources } = readDocument(text, schema);
  // Each drop is compared with each rule that accepts.
  refuseManyItems(sources.flatMap(({ rules }) => rules).reduce((sum, rule) => sum + partCount(rule), sources.length));
  const ruleCount = new RuleCount();
  const ids = groupIds(sources.map(({ uuid: sourceId, name }) => ({ sourceId, name })));
  const known = new Set(sources.map(({ uuid }) => uuid));
  const all: Findings[] = [];
  const groups = sources.map((source, i): ImportedGroup => {
    const path = `inventories[${i}]`;
    const findings = new Findings(source.uuid);
    all.push(findings);
    const isDisabled = source.state === 'Disabled';
    if (isDisabled) {
      const message =
        'it is disabled: it becomes an enabled group whose rules are disabled, so that its NICs stay guarded';
      findings.add(ImportEffect.NARROWER, `${path}.state`, { reason: 'GROUP_DISABLED', message });
    }
    const isOpen = source.rules.every((rule) => !isEgressAccept(rule) || isOwnEgress(rule, source.uuid));
    const accepts: { source: ZstackRule; rules: ImportedRule[] }[] = [];
    for (const [j, rule] of source.rules.entries()) {
      if (rule.action === 'DROP') continue;
      const place = { path: `${path}.rules[${j}]`, known, isDisabled, isOpen, findings, ruleCount };
      accepts.push({ source: rule, rules: rulesOf(rule, place) });
    }
    const rules = distinct(accepts.flatMap((accept) => accept.rules));
    const isEgressClosed = rules.some((rule) => closesEgress(rule, source.uuid));
    if (isEgressClosed) {
      const message =
        'there a NIC sends what no rule drops, unless its own egress policy is DENY; here only what egress rules allow. Set egress_default of a NIC to ALLOW to open it';
      findings.add(ImportEffect.NARROWER, `${path}.rules`, { reason: 'EGRESS_CLOSED', message });
    }
    const carried = accepts.filter((accept) => accept.rules.length > 0).map((accept) => accept.source);
    for (const [j, rule] of source.rules.entries()) {
      if (rule.action !== 'DROP') continue;
      const isEffective =
        !isDisabled && rule.state !== 'Disabled' && isDropEffective(rule, carried, { isEgressClosed });
      findings.add(isEffective ? ImportEffect.WIDER : ImportEffect.SAME, `${path}.rules[${j}]`, {
        reason: 'DROP_NOT_CARRIED',
        message: isEffective
          ? 'no rule can deny: what it drops would be allowed'
          : 'no rule can deny: it is left out, and no other rule of the group allows what it drops',
      });
    }
    const told = { name: source.name, description: source.description };
    return { path, sourceId: source.uuid, id: ids[i] ?? '', ...groupFields(told, path, findings), rules };
  });
  return { groups, findings: all.flatMap(({ list }) => list) };
}

interface Place {
  readonly path: string;
  /** Ids of the groups of the document. */
  readonly known: ReadonlySet<string>;
  readonly isDisabled: boolean;
  /** No rule makes egress a whitelist. */
  readonly isOpen: boolean;
  readonly findings: Findings;
  readonly ruleCount: RuleCount;
}

function isEgressAccept({ type, action }: ZstackRule): boolean {
  return type === 'Egress' && action !== 'DROP';
}

/** Everything to the group itself. */
function isOwnEgress(rule: ZstackRule, group: string): boolean {
  const isAny = peerRanges(rule).every(({ first }) => first === 0n);
  return isEgressAccept(rule) && rule.protocol === 'ALL' && rule.remoteSecurityGroupUuid === group && isAny;
}

/** One rule for each pair of a port range and a peer. */
function rulesOf(rule: ZstackRule, { path, known, isDisabled, isOpen, findings, ruleCount }: Place): ImportedRule[] {
  const { type, ipVersion, remoteSecurityGroupUuid: remote } = rule;
  const leaveOut = (reason: string, message: string) => {
    findings.add(ImportEffect.NARROWER, path, { reason, message: `${message}: the rule is left out` });
    return [];
  };
  const ownAddresses = type === 'Ingress' ? rule.dstIpRange : rule.srcIpRange;
  if (ownAddresses.length > 0 || rule.srcPortRange !== '') {
    return leaveOut('OWN_SIDE_NOT_CARRIED', 'no rule can name addresses of the NIC itself, or source ports');
  }
  if (remote !== '' && !known.has(remote)) {
    return leaveOut('GROUP_NOT_IN_DOCUMENT', `${remote} is not in the document`);
  }
  const ranges = peerRanges(rule);
  const cidrs = ranges.length === 0 ? [anyAddress(ipVersion)] : ranges.flatMap(cidrsOf);
  // The rule of the system for the group itself: with a family it would close egress.
  const peers = isOpen && isOwnEgress(rule, findings.sourceId) ? [''] : cidrs;
  const matches = matchesOf(rule, path, findings);
  ruleCount.add(matches.length * peers.length, path);
  return matches.flatMap((match) =>
    peers.map((cidr) => ({
      path,
      ...(remote !== '' && { remote }),
      fields: {
        ...match,
        direction: type === 'Ingress' ? Direction.INGRESS : Direction.EGRESS,
        cidr,
        disabled: isDisabled || rule.state === 'Disabled',
        description: cutDescription(rule.description),
      },
    })),
  );
}

function matchesOf(rule: ZstackRule, path: string, findings: Findings): ImportedRule['fields'][] {
  switch (rule.protocol) {
    case 'ALL':
      return [{ protocol: Protocol.ALL }];
    case 'ICMP':
      return icmpOf(rule, path, findings);
    case 'TCP':
    case 'UDP': {
      const protocol = rule.protocol === 'TCP' ? Protocol.TCP : Protocol.UDP;
      return portsOf(rule).flatMap(({ from, to }) => {
        const ports = readPorts(from, to, path, findings);
        return ports ? [{ protocol, ...ports }] : [];
      });
    }
  }
}

/** The start is the type of the message; what an end that is another one means is told nowhere. */
function icmpOf({ startPort, endPort }: ZstackRule, path: string, findings: Findings): ImportedRule['fields'][] {
  const [type, end] = [startPort ?? -1, endPort ?? -1];
  if (type < 0) return [{ protocol: Protocol.ICMP }];
  if (end < 0 || end === type) return [{ protocol: Protocol.ICMP, icmpType: type }];
  const message = `ICMP from ${type} to ${end} is no type of message: the rule is left out`;
  findings.add(ImportEffect.NARROWER, path, { reason: 'ICMP_NOT_CARRIED', message });
  return [];
}
