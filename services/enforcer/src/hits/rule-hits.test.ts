import type { RuleCounter } from '@portcullis/ruleset';
import { beforeEach, describe, expect, it } from 'vitest';
import { maxRulesPerReport, RuleHits } from './rule-hits.js';

const chain = 'PC-GI-1';
const start = Date.parse('2026-01-01T00:00:00Z');
const counter = (rule: string, packets: number): RuleCounter => ({ chain, rule, packets, bytes: 60 * packets });

describe('hits of rules', () => {
  let hits: RuleHits;
  let readings: number;
  const ids = new Map([
    ['ssh', ['r1']],
    ['web', ['r2', 'r3']],
  ]);
  const ruleIds = { 4: new Map([[chain, ids]]), 6: new Map([[chain, ids]]) };
  beforeEach(() => {
    hits = new RuleHits();
    readings = 0;
  });

  const read = (counters4: RuleCounter[], counters6: RuleCounter[] = [], rules = ruleIds) => {
    hits.take({ counters: { 4: counters4, 6: counters6 }, ruleIds: rules, at: new Date(start + 1000 * readings) });
    readings += 1;
  };
  /** Packets by rule, as told now. */
  const told = () => Object.fromEntries(hits.next().map(({ rule, packets }) => [rule, Number(packets)]));

  it('are counted from the first reading on', () => {
    expect(hits.countedSince).toBeUndefined();
    read([counter('ssh', 100)]);
    expect([told(), hits.countedSince]).toEqual([{}, new Date(start)]);
    read([counter('ssh', 103)]);
    expect(told()).toEqual({ r1: 3 });
  });

  it('of a rule that came later are counted from its beginning, of both families together', () => {
    read([]);
    read([counter('web', 2)], [counter('web', 5)]);
    expect(told()).toEqual({ r2: 7, r3: 7 });
  });

  it('never fall when counters of the kernel begin anew', () => {
    read([counter('ssh', 0)]);
    read([counter('ssh', 10)]);
    read([counter('ssh', 4)]);
    expect(told()).toEqual({ r1: 14 });
    read([]);
    read([counter('ssh', 1)]);
    expect(told()).toEqual({ r1: 15 });
  });

  it('of a rule that is a member of a set are those of the member, in whatever slot the set is', () => {
    const set = 'pc-4c-0123456789abcdef';
    const rules = { 4: new Map([[set, new Map([['10.0.0.0/8', ['r4']]])]]), 6: new Map() };
    const member = (slot: string, packets: number): RuleCounter => {
      return { chain: `${set}-${slot}`, rule: '10.0.0.0/8', packets, bytes: 0 };
    };
    read([member('a', 3)], [], rules);
    read([member('a', 5)], [], rules);
    expect(told()).toEqual({ r4: 2 });
    read([member('b', 4)], [], rules);
    expect(told()).toEqual({ r4: 6 });
  });

  it('say how many bytes and when the last was seen', () => {
    read([counter('ssh', 0)]);
    read([counter('ssh', 2)]);
    read([counter('ssh', 2)]);
    expect(hits.next()).toMatchObject([
      { rule: 'r1', packets: 2n, bytes: 120n, lastHitTime: { seconds: BigInt(start / 1000 + 1) } },
    ]);
  });

  it('are told until they are taken, and again when they change meanwhile or the dispatcher is another', () => {
    read([counter('ssh', 0)]);
    read([counter('ssh', 1)]);
    expect([told(), told()]).toEqual([{ r1: 1 }, { r1: 1 }]);
    read([counter('ssh', 2)]);
    hits.taken();
    expect(told()).toEqual({ r1: 2 });
    hits.taken();
    expect(told()).toEqual({});
    hits.tellAgain();
    expect(told()).toEqual({ r1: 2 });
  });

  it('are told in bounded messages', () => {
    const many = new Map([['web', Array.from({ length: maxRulesPerReport + 1 }, (_, n) => `many${n}`)]]);
    const rules = { 4: new Map([[chain, many]]), 6: new Map() };
    read([], [], rules);
    read([counter('web', 1)], [], rules);
    expect(hits.next()).toHaveLength(maxRulesPerReport);
    hits.taken();
    expect(hits.next()).toHaveLength(1);
  });

  it('of rules that are gone are forgotten once they were told', () => {
    read([counter('ssh', 0)]);
    read([counter('ssh', 1)]);
    const gone = { 4: new Map(), 6: new Map() };
    read([], [], gone);
    expect(told()).toEqual({ r1: 1 });
    hits.taken();
    read([], [], gone);
    hits.tellAgain();
    expect(told()).toEqual({});
  });
});
