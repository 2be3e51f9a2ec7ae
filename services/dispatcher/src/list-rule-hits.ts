import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { dispatchV1, type enforceV1 } from '@portcullis/api';
import { invalidArgument, notFound, pageOf } from '@portcullis/rpc';
import type { Dispatch } from './dispatch.js';
import type { HostRecord } from './host-record.js';
import { nameViolations } from './names.js';

const kinds = { security_group: 'securityGroup', rule: 'rule', host: 'host' } as const;

/** Answers from what hosts have told so far; rules without a hit are listed as well. */
export function listRuleHits(
  { state, hits, startedAt }: Dispatch,
  request: dispatchV1.ListRuleHitsRequest,
): dispatchV1.ListRuleHitsResponse {
  const { securityGroup, rule, host } = request;
  const named = { security_group: securityGroup, rule, host };
  const violations = Object.entries(named).flatMap(([field, name]) =>
    name === '' ? [] : nameViolations(field, name, kinds[field as keyof typeof named]),
  );
  if (Object.values(named).every((name) => name === '')) {
    const description = 'or rule, or host: one of them is required';
    violations.push({ field: 'security_group', reason: 'FIELD_REQUIRED', description });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  if (host !== '' && state.record(host) === undefined) throw notFound(host);
  const rules = rulesOf(state, request).toSorted();
  const scope = `ruleHits ${securityGroup} ${rule} ${host}`;
  const { items, nextPageToken } = pageOf(rules, request, { nameOf: (name) => name, scope });
  const ruleHits = items.map((name) => {
    const hosts = host === '' ? hostsOf(state, name) : hostsOf(state, name).filter((each) => each.name === host);
    const counting = hosts.flatMap(({ hitsCountedSince }) => hitsCountedSince ?? []);
    const { packets, bytes, lastHitAt } = host === '' ? hits.ofRule(name) : hits.ofRuleOnHost(name, host);
    const isComplete = hosts.length > 0 && counting.length === hosts.length;
    const latest = new Date(Math.max(startedAt.getTime(), ...counting.map((since) => since.getTime())));
    return create(dispatchV1.RuleHitsSchema, {
      rule: name,
      packets,
      bytes,
      ...(lastHitAt === undefined ? {} : { lastHitTime: timestampFromDate(lastHitAt) }),
      ...(isComplete ? { countedSince: timestampFromDate(latest) } : {}),
      hostCount: hosts.length,
      countingHostCount: counting.length,
    });
  });
  return create(dispatchV1.ListRuleHitsResponseSchema, { ruleHits, nextPageToken });
}

/** Takes in what a host has counted, of the rules that it enforces and of no other (S1). */
export function takeInHits({ state, hits }: Dispatch, record: HostRecord, request: enforceV1.ReportRequest): void {
  const since = record.hitsCountedSince;
  if (since === undefined || request.ruleHits.length === 0) return;
  const enforced = new Map<string, ReadonlySet<string>>();
  for (const each of request.ruleHits) {
    const group = groupOf(each.rule);
    const own = enforced.get(group) ?? new Set(state.span.group(record.name, group)?.rules.map(({ id }) => id));
    enforced.set(group, own);
    if (own.has(each.rule)) hits.take(record.name, since, each);
  }
  hits.prune((rule) => state.span.cloud.groups.get(groupOf(rule))?.rules.some(({ id }) => id === rule) === true);
}

function rulesOf(
  { span }: Dispatch['state'],
  { securityGroup, rule, host }: dispatchV1.ListRuleHitsRequest,
): readonly string[] {
  const { groups } = span.cloud;
  if (securityGroup !== '' && !groups.has(securityGroup)) throw notFound(securityGroup);
  const named = rule === '' ? [] : [groupOf(rule)];
  const wanted = securityGroup === '' ? named : [securityGroup];
  const all = host === '' ? undefined : span.hostState(host).groups;
  const chosen = wanted.length > 0 ? wanted.flatMap((id) => (all ?? groups).get(id) ?? []) : [...(all?.values() ?? [])];
  if (rule !== '' && !groups.get(groupOf(rule))?.rules.some(({ id }) => id === rule)) throw notFound(rule);
  return chosen.flatMap(({ rules }) => rules.map(({ id }) => id)).filter((id) => rule === '' || id === rule);
}

function hostsOf(state: Dispatch['state'], rule: string): HostRecord[] {
  const group = groupOf(rule);
  const isActive = state.span.cloud.groups.get(group)?.rules.some(({ id, active }) => id === rule && active) === true;
  if (!isActive) return [];
  return [...state.span.hostsOfGroup(group)].flatMap((host) => state.record(host) ?? []);
}

function groupOf(rule: string): string {
  return rule.slice(0, Math.max(rule.lastIndexOf('/rules/'), 0));
}
