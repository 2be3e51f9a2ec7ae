import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { enforceV1 } from '@portcullis/api';
import { describe, expect, it } from 'vitest';
import { RuleHitCounts } from './rule-hits.js';

const [monday, tuesday] = [new Date('2026-01-05T00:00:00Z'), new Date('2026-01-06T00:00:00Z')];
const said = (packets: number, at = monday, rule = 'r') =>
  create(enforceV1.RuleHitsSchema, {
    rule,
    packets: BigInt(packets),
    bytes: BigInt(60 * packets),
    lastHitTime: timestampFromMs(at.getTime()),
  });

describe('what hosts have counted', () => {
  it('is summed over hosts, with the newest time', () => {
    const counts = new RuleHitCounts();
    counts.take('hosts/h1', monday, said(3, tuesday));
    counts.take('hosts/h2', monday, said(4, monday));
    expect(counts.ofRule('r')).toEqual({ packets: 7n, bytes: 420n, lastHitAt: tuesday });
    expect(counts.ofRuleOnHost('r', 'hosts/h2')).toMatchObject({ packets: 4n, lastHitAt: monday });
    expect(counts.ofRule('other')).toEqual({ packets: 0n, bytes: 0n, lastHitAt: undefined });
  });

  it('counts once what is told twice', () => {
    const counts = new RuleHitCounts();
    for (const packets of [3, 3, 5]) counts.take('hosts/h1', monday, said(packets));
    expect(counts.ofRule('r').packets).toBe(5n);
  });

  it('does not fall when an enforcer begins anew, or had forgotten the rule', () => {
    const counts = new RuleHitCounts();
    counts.take('hosts/h1', monday, said(5));
    counts.take('hosts/h1', tuesday, said(8));
    expect(counts.ofRule('r').packets).toBe(13n);
    counts.take('hosts/h1', tuesday, said(2));
    expect(counts.ofRule('r').packets).toBe(15n);
    expect(counts.ofRuleOnHost('r', 'hosts/h1').packets).toBe(2n);
  });

  it('is forgotten with the rule', () => {
    const counts = new RuleHitCounts();
    for (let n = 0; n < 5000; n += 1) {
      counts.take('hosts/h1', monday, said(1, monday, `r${n}`));
      counts.prune((rule) => rule === `r${n}` || rule === 'r0');
    }
    expect(counts.ofRule('r0').packets).toBe(1n);
    expect(counts.ofRule('r4999').packets).toBe(1n);
    expect(counts.ofRule('r1').packets).toBe(0n);
  });
});
