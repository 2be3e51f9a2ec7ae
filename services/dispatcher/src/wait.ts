import { create } from '@bufbuild/protobuf';
import { type Duration, durationMs } from '@bufbuild/protobuf/wkt';
import { dispatchV1, type enforceV1, parseRevisionToken } from '@portcullis/api';
import { type FieldViolation, failedPrecondition, invalidArgument, notFound } from '@portcullis/rpc';
import type { DispatchState } from './dispatch-state.js';
import type { Generation, Source } from './generation.js';
import type { HostRecord } from './host-record.js';
import { nameViolations, quote } from './names.js';
import { conditionOf } from './status.js';
import { encodeGeneration } from './sync.js';

const defaultTimeoutMs = 30_000;
const maxTimeoutMs = 300_000;
/** Hosts, or NICs, of one call: each is looked at whenever any host reports. */
const maxNames = 1000;
/** Tokens that are told to be none. */
const maxTold = 100;

/** D4: succeeds only when every host of the scope has acknowledged every change up to the tokens. */
export async function waitForEnforcement(
  state: DispatchState,
  request: dispatchV1.WaitForEnforcementRequest,
  options: { now: () => Date; signal: AbortSignal },
): Promise<dispatchV1.WaitForEnforcementResponse> {
  const { wanted, timeoutMs } = readRequest(request);
  const abort = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
  let target: Generation | undefined;
  let behind: HostRecord | undefined;
  for (;;) {
    refuseOtherStores(state, wanted);
    target ??= targetOf(state, wanted);
    // Hosts report by the thousand: all are looked at again when the one that was behind has caught up, not before.
    const isBehind =
      target === undefined || (behind !== undefined && state.record(behind.name) === behind && lags(behind, target));
    if (!isBehind || abort.aborted) {
      const scope = scopeOf(state, request, target !== undefined);
      const lagging = [...scope].flatMap(([record, nics]) => (lags(record, target, nics) ? [record] : []));
      if (abort.aborted || lagging.length === 0) return answerOf({ scope, lagging, target, now: options.now() });
      behind = request.hosts.length + request.nics.length === 0 ? lagging.at(-1) : undefined;
    }
    await state.changed.wait(abort);
  }
}

type Wanted = { [source in Source]?: { epoch: string; revision: number } };

function readRequest(request: dispatchV1.WaitForEnforcementRequest): { wanted: Wanted; timeoutMs: number } {
  const violations: FieldViolation[] = [];
  const wanted: Wanted = {};
  for (const [i, text] of request.revisionTokens.entries()) {
    const token = parseRevisionToken(text);
    if (token === undefined) {
      violations.push({
        field: `revision_tokens[${i}]`,
        reason: 'REVISION_TOKEN_MALFORMED',
        description: `${quote(text)} is not a token that a mutating call returned`,
      });
      // A request has room for a million.
      if (violations.length === maxTold) break;
      continue;
    }
    const known = wanted[token.service];
    if (known === undefined || known.epoch !== token.epoch || known.revision < token.revision) {
      wanted[token.service] = token;
    }
  }
  const { timeout } = request;
  if (timeout !== undefined && !isAllowed(timeout)) {
    const description = `${timeout.seconds} s and ${timeout.nanos} ns is not in 0-${maxTimeoutMs / 1000} s`;
    violations.push({ field: 'timeout', reason: 'OUT_OF_RANGE', description });
  }
  for (const [field, kind] of [
    ['hosts', 'host'],
    ['nics', 'nic'],
  ] as const) {
    const { length } = request[field];
    if (length > maxNames) {
      const description = `has ${length} items; 0-${maxNames} are allowed`;
      violations.push({ field, reason: 'ITEM_COUNT_OUT_OF_RANGE', description });
    } else violations.push(...request[field].flatMap((name, i) => nameViolations(`${field}[${i}]`, name, kind)));
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return { wanted, timeoutMs: timeout === undefined ? defaultTimeoutMs : durationMs(timeout) };
}

/** To the nanosecond: a duration that is a little too long is too long. */
function isAllowed({ seconds, nanos }: Duration): boolean {
  const nanoseconds = seconds * 1_000_000_000n + BigInt(nanos);
  return nanoseconds >= 0n && nanoseconds <= BigInt(maxTimeoutMs) * 1_000_000n;
}

/** A token of a store that has been replaced would never come true. */
function refuseOtherStores(state: DispatchState, wanted: Wanted): void {
  for (const source of ['policy', 'inventory'] as const) {
    const [token, seen] = [wanted[source], state.seen(source)];
    if (!token || !seen || token.epoch === seen.epoch) continue;
    throw failedPrecondition(
      'REVISION_OF_OTHER_STORE',
      `the token is of another store of ${source} than the one in use`,
      [{ subject: source, description: `store ${token.epoch} is not ${seen.epoch}` }],
    );
  }
}

/** What is to be acknowledged; without any token, everything known now. Undefined until the tokens have been seen. */
function targetOf(state: DispatchState, wanted: Wanted): Generation | undefined {
  const isSeen = (['policy', 'inventory'] as const).every((source) => {
    const seen = state.seen(source);
    return seen !== undefined && seen.revision >= (wanted[source]?.revision ?? 0);
  });
  if (!isSeen) return undefined;
  const { policy, inventory } = wanted;
  if (!policy && !inventory) return state.revisions;
  return { policy: policy?.revision ?? 0, inventory: inventory?.revision ?? 0 };
}

function lags(record: HostRecord, target: Generation | undefined, nics: readonly (string | undefined)[] = [undefined]) {
  if (target === undefined || bypassOf(record) !== undefined) return true;
  return nics.some((nic) => record.lags(target, nic));
}

function answerOf({
  scope,
  lagging,
  target,
  now,
}: {
  scope: Scope;
  lagging: readonly HostRecord[];
  target: Generation | undefined;
  now: Date;
}): dispatchV1.WaitForEnforcementResponse {
  const isSeen = target !== undefined;
  return create(dispatchV1.WaitForEnforcementResponseSchema, {
    enforced: isSeen && lagging.length === 0,
    enforcedHostCount: scope.size - lagging.length,
    laggingHosts: lagging.map((record) => laggingHost(record, { isSeen, now })),
  });
}

/** While a host says so, packets pass by the rules that it has acknowledged. */
function bypassOf({ conditions }: HostRecord): enforceV1.Condition | undefined {
  return conditions.find(({ reason }) => reason === 'BRIDGE_NETFILTER_OFF');
}

/** Hosts to look at and, of each, the NICs; undefined stands for the whole host. */
type Scope = ReadonlyMap<HostRecord, (string | undefined)[]>;

/**
 * A NIC without a binding has no host to wait for. What the dispatcher has seen every revision of and does not know
 * does not exist: to report it as enforced would be a lie.
 */
function scopeOf(state: DispatchState, { hosts, nics }: dispatchV1.WaitForEnforcementRequest, isSeen: boolean): Scope {
  if (hosts.length + nics.length === 0) return new Map(state.records().map((record) => [record, [undefined]]));
  const scope = new Map<HostRecord, (string | undefined)[]>();
  const add = (host: string, nic?: string) => {
    const record = state.record(host);
    const known = record && scope.get(record);
    if (known) known.push(nic);
    else if (record) scope.set(record, [nic]);
    else if (isSeen) throw notFound(host);
  };
  for (const host of hosts) add(host);
  for (const nic of nics) {
    if (isSeen && !state.span.cloud.nics.has(nic)) throw notFound(nic);
    for (const host of state.span.hostsOfNic(nic)) add(host, nic);
  }
  return scope;
}

function laggingHost(record: HostRecord, { isSeen, now }: { isSeen: boolean; now: Date }): dispatchV1.LaggingHost {
  const { reason, message } = lagOf(record, { isSeen, now });
  return create(dispatchV1.LaggingHostSchema, {
    host: record.name,
    reason,
    message,
    desiredGeneration: encodeGeneration(record.desired),
    ...(record.applied === undefined ? {} : { appliedGeneration: encodeGeneration(record.applied) }),
  });
}

function lagOf(
  record: HostRecord,
  { isSeen, now }: { isSeen: boolean; now: Date },
): { reason: dispatchV1.LagReason; message: string } {
  if (!isSeen) {
    return { reason: dispatchV1.LagReason.REVISION_NOT_SEEN, message: 'the dispatcher has not seen the revision yet' };
  }
  if (conditionOf(record, now) === dispatchV1.HostCondition.UNKNOWN) {
    const since = record.lastHeardAt?.toISOString();
    return {
      reason: dispatchV1.LagReason.UNKNOWN,
      message: since === undefined ? 'never heard of its enforcer' : `not heard of since ${since}`,
    };
  }
  const failure = bypassOf(record) ?? record.failures[0];
  if (failure !== undefined)
    return { reason: dispatchV1.LagReason.FAILED, message: `${failure.reason}: ${failure.message}` };
  return { reason: dispatchV1.LagReason.PENDING, message: 'not acknowledged yet' };
}
