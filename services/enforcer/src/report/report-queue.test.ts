import { enforceV1 } from '@portcullis/api';
import { type Applied, diffApplied, nothingApplied, planChange } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { describe, expect, it } from 'vitest';
import { randomStates } from '../fixtures/random-state.js';
import { Replay } from '../fixtures/replay.js';
import { changeCount, encodeReport, maxChangesPerReport, type Report } from './report.js';
import { ReportQueue } from './report-queue.js';

const renderer = new FirewallRenderer();

/** Reports of a history of states, and what the kernel holds between them. */
function history(count: number, seed: number) {
  let before: Applied = nothingApplied;
  return randomStates(count, seed).map((state, i) => {
    const plan = planChange(before, renderer.render(state));
    const step = { report: reportOf(i, plan.diff), before, after: plan.applied };
    before = plan.applied;
    return step;
  });
}

function reportOf(policy: number, diff: Report['diff'], fields: Partial<Report> = {}): Report {
  const timings = { syncMs: 1.2345678, planMs: 0, applyMs: 2000, revokeMs: 0 };
  const generation = { policy, inventory: 0 };
  return { generation, cause: 'change', diff, timings, failures: [], lastGood: undefined, at: new Date(0), ...fields };
}

function expected(after: Applied | undefined): Replay {
  return new Replay().take(encodeReport(reportOf(0, diffApplied(nothingApplied, after ?? nothingApplied))));
}

/** Names without slots, which depend on the way. */
function shape({ rules, sets }: Replay) {
  const plain = (text: string) => text.replaceAll(/(pc-[46][nrc]?-[0-9a-f]{16})-[a-f]/g, '$1');
  return {
    rules: new Map([...rules].map(([key, own]) => [key, own.map(plain)])),
    sets: new Map([...sets].map(([name, members]) => [plain(name), members])),
  };
}

function takeAll(queue: ReportQueue): enforceV1.HostReport[] {
  const taken: enforceV1.HostReport[] = [];
  while (queue.size > 0) {
    taken.push(...queue.next());
    queue.taken();
  }
  return taken;
}

describe('a report', () => {
  it('of a large diff comes in several messages, in order', () => {
    const sets = Array.from({ length: 12_001 }, (_, i) => ({
      family: 4 as const,
      set: 'pc-4-0000000000000000-a',
      kind: 'added' as const,
      member: `${i}`,
    }));
    const rules = [
      { family: 4 as const, table: 'filter' as const, chain: 'PC-X', kind: 'added' as const, rule: '', position: 0 },
    ];
    const messages = encodeReport(reportOf(1, { rules, sets }));
    expect(messages.map(changeCount)).toEqual([maxChangesPerReport, maxChangesPerReport, 2002]);
    expect(messages.flatMap(({ diff }) => diff?.sets.map(({ member }) => member))).toEqual(
      sets.map(({ member }) => member),
    );
  });

  it('says how long it took, and what failed', () => {
    const failures = [{ nic: 'n', reason: 'R', message: 'm' }];
    const fields = { failures, lastGood: { policy: 3, inventory: 4 } };
    expect(encodeReport(reportOf(5, { rules: [], sets: [] }, fields))).toEqual([
      expect.objectContaining({
        outcome: enforceV1.Outcome.FAILED,
        timings: expect.objectContaining({
          sync: expect.objectContaining({ seconds: 0n, nanos: 1_235_000 }),
          apply: expect.objectContaining({ seconds: 2n, nanos: 0 }),
        }),
        failures: [expect.objectContaining({ nic: 'n', set: '', reason: 'R', message: 'm' })],
        lastGoodGeneration: expect.objectContaining({ policyRevision: 3n, inventoryRevision: 4n }),
      }),
    ]);
  });
});

describe('the queue of reports', () => {
  it('gives everything in order while it is not full', () => {
    const queue = new ReportQueue();
    const steps = history(10, 1);
    for (const { report, ...kernel } of steps) queue.push(report, kernel);
    const taken = takeAll(queue);
    expect(taken.map(({ generation }) => Number(generation?.policyRevision))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(shape(new Replay().take(taken))).toEqual(shape(expected(steps.at(-1)?.after)));
  });

  it('gives again what was not taken', () => {
    const queue = new ReportQueue();
    const [step] = history(1, 2);
    if (step === undefined) throw new Error('unreachable');
    queue.push(step.report, step);
    const first = queue.next();
    queue.failed();
    expect(queue.next()).toEqual(first);
    queue.taken();
    expect(queue.next()).toEqual([]);
  });

  it.each([1, 2, 3, 5])('still replays to the kernel when no more than %i are kept', (maxMessages) => {
    const queue = new ReportQueue({ maxMessages });
    const steps = history(20, 3);
    const taken: enforceV1.HostReport[] = [];
    steps.forEach(({ report, ...kernel }, i) => {
      queue.push(report, kernel);
      expect(queue.size).toBeLessThanOrEqual(maxMessages + 1);
      if (i % 7 !== 3) return;
      taken.push(...queue.next());
      queue.taken();
    });
    taken.push(...takeAll(queue));
    expect(taken.length).toBeLessThan(steps.length);
    expect(Number(taken.at(-1)?.generation?.policyRevision)).toBe(19);
    expect(shape(new Replay().take(taken))).toEqual(shape(expected(steps.at(-1)?.after)));
  });

  it('keeps what is being sent when it overflows meanwhile', () => {
    const queue = new ReportQueue({ maxChanges: 1 });
    const steps = history(6, 4);
    const taken: enforceV1.HostReport[] = [];
    for (const { report, ...kernel } of steps.slice(0, 1)) queue.push(report, kernel);
    const sending = queue.next();
    for (const { report, ...kernel } of steps.slice(1)) queue.push(report, kernel);
    queue.taken();
    taken.push(...sending, ...takeAll(queue));
    expect(shape(new Replay().take(taken))).toEqual(shape(expected(steps.at(-1)?.after)));
  });
});
