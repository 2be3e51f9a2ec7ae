import { policyV1 } from '@portcullis/api';
import { parseCidr } from '@portcullis/model';
import { z } from 'zod';
import { cidrText, listOf, optionalText, parseJson, portNumber, RuleCount, readJson } from './document.js';
import { cutDescription, groupFields } from './group-fields.js';
import { groupIds } from './group-ids.js';
import { closeEgress, distinct, Findings, type Imported, type ImportedGroup, type ImportedRule } from './imported.js';
import { anyAddress, readMatch } from './source-match.js';

const { Direction, ImportEffect } = policyV1;

const ruleSchema = z.looseObject({
  direction: z.enum(['ingress', 'egress']),
  ethertype: z.enum(['IPv4', 'IPv6']).nullish(),
  protocol: z.union([z.string(), z.number().int().min(0).max(255)]).nullish(),
  port_range_min: portNumber.nullish(),
  port_range_max: portNumber.nullish(),
  remote_ip_prefix: cidrText().nullish(),
  remote_group_id: z.string().nullish(),
  remote_address_group_id: z.string().nullish(),
  description: optionalText,
});
type Rule = z.output<typeof ruleSchema>;

const groupSchema = z.looseObject({
  id: z.string().min(1),
  name: z.string(),
  description: optionalText,
  tags: listOf(z.string()),
  stateful: z.boolean().nullish(),
  security_group_rules: z.array(ruleSchema),
});

const schema = z.looseObject({
  security_groups: z.array(groupSchema),
  address_groups: listOf(z.looseObject({ id: z.string(), addresses: z.array(cidrText()) })),
});

/**
 * Reads security groups of Neutron: what its API answers for a list or for one, and what the command line prints of one, which says
 * `rules`. `address_groups`, as the API lists them, may stand beside them.
 */
export function readOpenstack(text: string): Imported {
  const { json, placeOf } = asList(parseJson(text));
  const { security_groups: sources, address_groups: lists } = readJson(json, schema, placeOf);
  const ids = groupIds(sources.map(({ id: sourceId, name }) => ({ sourceId, name })));
  const known = new Set(sources.map(({ id }) => id));
  const addresses = new Map(lists.map((list) => [list.id, list.addresses]));
  const all: Findings[] = [];
  const ruleCount = new RuleCount();
  const groups = sources.map((source, i): ImportedGroup => {
    const at = `security_groups[${i}]`;
    const path = placeOf(at);
    const findings = new Findings(source.id);
    all.push(findings);
    const tags = source.tags.map((key, j) => ({ key, value: '', path: placeOf(`${at}.tags[${j}]`) }));
    if (source.stateful === false) {
      const message = 'it is stateless there: here replies to what is allowed are allowed without a rule';
      findings.add(ImportEffect.WIDER, placeOf(`${at}.stateful`), { reason: 'STATELESS', message });
    }
    const rules = source.security_group_rules.flatMap((rule, j) =>
      rulesOf(rule, { path: placeOf(`${at}.security_group_rules[${j}]`), known, addresses, findings, ruleCount }),
    );
    return {
      path,
      sourceId: source.id,
      id: ids[i] ?? '',
      ...groupFields({ name: source.name, description: source.description, tags }, path, findings),
      rules: closeEgress(distinct(rules), placeOf(`${at}.security_group_rules`), findings),
    };
  });
  return { groups, findings: all.flatMap(({ list }) => list) };
}

interface Listed {
  readonly json: unknown;
  /** Where in the document a path of the list is. */
  readonly placeOf: (path: string) => string;
}

/** Any form of a document as the API lists groups. */
function asList(document: unknown): Listed {
  if (!isObject(document) || document.security_groups !== undefined) return { json: document, placeOf: (path) => path };
  const { security_group: single, ...rest } = document;
  const group = single ?? document;
  const listed = isObject(group)
    ? { ...group, security_group_rules: group.security_group_rules ?? group.rules }
    : group;
  const root = single === undefined ? '' : 'security_group';
  const rulesKey = isObject(group) && group.security_group_rules === undefined ? 'rules' : 'security_group_rules';
  return {
    json: { ...rest, security_groups: [listed] },
    placeOf: (path) =>
      path
        .replace('security_groups[0]', root)
        .replace(/^\./, '')
        .replace(/\bsecurity_group_rules\b/, rulesKey),
  };
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

interface Place {
  readonly path: string;
  /** Ids of the groups of the document. */
  readonly known: ReadonlySet<string>;
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  readonly findings: Findings;
  readonly ruleCount: RuleCount;
}

function rulesOf(rule: Rule, { path, known, addresses, findings, ruleCount }: Place): ImportedRule[] {
  const family = familyOf(rule);
  const matched = readMatch(
    { protocol: protocolOf(rule, family), from: rule.port_range_min, to: rule.port_range_max },
    path,
    findings,
  );
  if (matched === undefined) return [];
  const direction = rule.direction === 'ingress' ? Direction.INGRESS : Direction.EGRESS;
  const fields = { ...matched.fields, direction, description: cutDescription(rule.description) };
  const remote = rule.remote_group_id ?? undefined;
  const list = rule.remote_address_group_id ?? undefined;
  const leaveOut = (effect: policyV1.ImportEffect, reason: string, message: string) => {
    findings.add(effect, path, { reason, message: `${message}: the rule is left out` });
    return [];
  };
  if (!matched.families.includes(family)) {
    return leaveOut(ImportEffect.SAME, 'MATCHES_NOTHING', `no such packet has an address of IPv${family}`);
  }
  if (remote !== undefined && !known.has(remote)) {
    return leaveOut(ImportEffect.NARROWER, 'GROUP_NOT_IN_DOCUMENT', `${remote} is not in the document`);
  }
  if (list === undefined) {
    const cidr = rule.remote_ip_prefix ?? anyAddress(family);
    return [{ path, fields: { ...fields, cidr }, ...(remote !== undefined && { remote }) }];
  }
  const members = addresses.get(list);
  if (members === undefined) {
    const message = `address group ${list} is not in the document`;
    return leaveOut(ImportEffect.NARROWER, 'ADDRESS_GROUP_NOT_IN_DOCUMENT', message);
  }
  const message = `address group ${list} has become a rule for each of its addresses of IPv${family}`;
  findings.add(ImportEffect.SAME, path, { reason: 'ADDRESS_GROUP_EXPANDED', message });
  ruleCount.add(members.length, path);
  return members
    .filter((cidr) => parseCidr(cidr)?.family === family)
    .map((cidr) => ({ path, fields: { ...fields, cidr } }));
}

/** IPv4 where nothing else is said, as Neutron has it. */
function familyOf({ ethertype, remote_ip_prefix: prefix }: Rule): 4 | 6 {
  if (ethertype) return ethertype === 'IPv6' ? 6 : 4;
  return (prefix && parseCidr(prefix)?.family) || 4;
}

/** Neutron takes "icmp" of IPv6 for ICMPv6. 0 is left as a number: its drivers do not agree whether it means any protocol. */
function protocolOf({ protocol }: Rule, family: 4 | 6): string {
  const text = String(protocol ?? 'any').toLowerCase();
  return family === 6 && (text === 'icmp' || text === '1') ? 'icmpv6' : text;
}
