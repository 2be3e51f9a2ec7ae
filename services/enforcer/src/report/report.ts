import { create } from '@bufbuild/protobuf';
import { type Duration, DurationSchema, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { enforceV1 } from '@portcullis/api';
import type { Diff, RuleChange, SetChange } from '@portcullis/plan';
import { encodeGeneration, type Generation } from '../desired/generation.js';
import type { Failure } from './failure.js';

/** What the dispatcher is told about one attempt. */
export interface Report {
  readonly generation: Generation;
  readonly cause: 'change' | 'drift' | 'start';
  readonly diff: Diff;
  /** Programs that caused a drift, where they are known. */
  readonly changedBy?: string | undefined;
  readonly timings: {
    readonly syncMs: number;
    readonly planMs: number;
    readonly applyMs: number;
    readonly revokeMs: number;
  };
  /** What is not in force; none means applied. */
  readonly failures: readonly Failure[];
  /** The last one that was in force without any failure. */
  readonly lastGood: Generation | undefined;
  readonly at: Date;
}

/** Changes in one message: at some 100 bytes each it stays far below 1 MiB. */
export const maxChangesPerReport = 5000;

const causes = {
  change: enforceV1.Cause.CHANGE,
  drift: enforceV1.Cause.DRIFT,
  start: enforceV1.Cause.START,
} as const;
const kinds = { added: enforceV1.ChangeKind.ADDED, removed: enforceV1.ChangeKind.REMOVED } as const;

/** A report as messages: one, or for a large diff several, to be read in order. */
export function encodeReport(report: Report): enforceV1.HostReport[] {
  const { generation, cause, changedBy = '', timings, failures, lastGood } = report;
  return splitDiff(report.diff).map((diff) =>
    create(enforceV1.HostReportSchema, {
      generation: encodeGeneration(generation),
      outcome: failures.length === 0 ? enforceV1.Outcome.APPLIED : enforceV1.Outcome.FAILED,
      cause: causes[cause],
      diff: { rules: diff.rules.map(encodeRuleChange), sets: diff.sets.map(encodeSetChange) },
      timings: {
        sync: encodeDuration(timings.syncMs),
        plan: encodeDuration(timings.planMs),
        apply: encodeDuration(timings.applyMs),
        revoke: encodeDuration(timings.revokeMs),
      },
      failures: failures.map(({ nic = '', set = '', reason, message }) => ({ nic, set, reason, message })),
      ...(failures.length === 0 || lastGood === undefined ? {} : { lastGoodGeneration: encodeGeneration(lastGood) }),
      reportTime: timestampFromDate(report.at),
      changedBy,
    }),
  );
}

export function changeCount({ diff }: enforceV1.HostReport): number {
  return (diff?.rules.length ?? 0) + (diff?.sets.length ?? 0);
}

function splitDiff({ rules, sets }: Diff): Diff[] {
  const parts: Diff[] = [];
  for (let at = 0; at === 0 || at < rules.length + sets.length; at += maxChangesPerReport) {
    const setsAt = Math.max(at - rules.length, 0);
    const ruleCount = Math.max(Math.min(rules.length - at, maxChangesPerReport), 0);
    parts.push({
      rules: rules.slice(at, at + ruleCount),
      sets: sets.slice(setsAt, setsAt + maxChangesPerReport - ruleCount),
    });
  }
  return parts;
}

/** In whole microseconds. */
function encodeDuration(ms: number): Duration {
  const microseconds = Math.round(ms * 1000);
  const seconds = Math.floor(microseconds / 1e6);
  return create(DurationSchema, { seconds: BigInt(seconds), nanos: (microseconds - seconds * 1e6) * 1000 });
}

function encodeRuleChange({ family, table, chain, kind, rule, position }: RuleChange): enforceV1.RuleChange {
  return create(enforceV1.RuleChangeSchema, { family, table, chain, kind: kinds[kind], rule, position });
}

function encodeSetChange({ set, family, kind, member }: SetChange): enforceV1.SetChange {
  return create(enforceV1.SetChangeSchema, { set, family, kind: kinds[kind], member });
}
