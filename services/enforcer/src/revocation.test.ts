import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { HostState } from '@portcullis/compile';
import type { Rule } from '@portcullis/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { guardedNic as nic } from './fixtures/guarded-nic.js';
import { Replay } from './fixtures/replay.js';
import { Bench } from './fixtures/run-enforcer.js';

const poll = { interval: 2, timeout: 5000 };

function stateOf(...ports: readonly number[]): HostState {
  const rules = ports.map((port): Rule => {
    return { id: `${port}`, direction: 'ingress', protocol: 'tcp', ports: { start: port, end: port }, active: true };
  });
  return {
    nics: new Map([['n1', nic]]),
    groups: new Map([['g', { id: 'g', rules }]]),
    memberSets: new Map(),
    addressGroups: new Map(),
  };
}

function line(port: number, source = '10.0.0.9'): string {
  return `tcp  6 99 src=${source} dst=10.0.0.1 sport=4000 dport=${port} src=10.0.0.1 dst=${source} sport=${port} dport=4000 use=1`;
}

describe('an enforcer revokes', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.remove());

  const untilApplied = (revision: number) => expect.poll(() => bench.dispatcher.applied().at(-1), poll).toBe(revision);
  const stopped = () =>
    [...bench.kernel.sets].flatMap(([name, { members }]) => (name.startsWith('pc-4r-') ? [...members] : []));
  const conditions = () => {
    const reasons = bench.dispatcher.requests.at(-1)?.conditions.map(({ reason }) => reason) ?? [];
    return reasons.filter((reason) => reason !== 'BRIDGE_NETFILTER_OFF');
  };
  const chainNames = () => [...(bench.kernel.tables[4].filter?.keys() ?? [])];

  it('before it acknowledges, and tells all that it did in one report', async () => {
    bench.dispatcher.say(stateOf(80, 81));
    bench.kernel.flows = [line(80), line(81)];
    await bench.start();
    await untilApplied(1);
    expect(stopped()).toEqual([]);
    const { length } = bench.dispatcher.reports;
    await untilApplied(bench.dispatcher.say(stateOf(80)));
    expect(stopped()).toEqual(['10.0.0.9,tcp:81,10.0.0.1']);
    expect(bench.dispatcher.reports).toHaveLength(length + 1);
    await expect.poll(() => new Replay().take(bench.dispatcher.reports), poll).toEqual(bench.kernel.own());
  });

  it('without a look at flows for what only adds', async () => {
    bench.dispatcher.say(stateOf(80));
    await bench.start();
    await untilApplied(1);
    const { flowReadCount } = bench.kernel;
    await untilApplied(bench.dispatcher.say(stateOf(80, 81)));
    await untilApplied(bench.dispatcher.say(stateOf(80, 81, 82)));
    expect(bench.kernel.flowReadCount).toBe(flowReadCount);
    await untilApplied(bench.dispatcher.say(stateOf(80)));
    expect(bench.kernel.flowReadCount).toBe(flowReadCount + 1);
  });

  it('for as long as anybody tracks the flow, and leaves nothing behind', async () => {
    bench.dispatcher.say(stateOf(80));
    bench.kernel.flows = [line(80)];
    await bench.start({ reviewIntervalMs: 10 });
    await untilApplied(1);
    await untilApplied(bench.dispatcher.say(stateOf()));
    const { flowReadCount } = bench.kernel;
    await expect.poll(() => bench.kernel.flowReadCount, poll).toBeGreaterThan(flowReadCount + 2);
    expect(stopped()).toHaveLength(1);
    expect(chainNames()).toContain('PC-REVOKED');
    bench.kernel.flows = [];
    await expect.poll(chainNames, poll).not.toContain('PC-REVOKED');
    await expect.poll(stopped, poll).toEqual([]);
    const { flowReadCount: after } = bench.kernel;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(bench.kernel.flowReadCount).toBeLessThanOrEqual(after + 1);
    await expect.poll(() => new Replay().take(bench.dispatcher.reports), poll).toEqual(bench.kernel.own());
  });

  it('as soon as flows can be read, and says so while they cannot', async () => {
    bench.dispatcher.say(stateOf(80));
    await bench.start({ reviewIntervalMs: 10 });
    await untilApplied(1);
    bench.kernel.flows = undefined;
    await untilApplied(bench.dispatcher.say(stateOf()));
    await expect.poll(conditions, poll).toEqual(['FLOWS_NOT_READ']);
    expect(stopped()).toEqual([]);
    await bench.stop();
    bench.kernel.flows = [line(80)];
    await bench.start({ reviewIntervalMs: 10 });
    await expect.poll(stopped, poll).toEqual(['10.0.0.9,tcp:80,10.0.0.1']);
    await expect.poll(conditions, poll).toEqual([]);
  });

  it('what there is room for, and says that flows are left', async () => {
    bench.dispatcher.say(stateOf(80));
    bench.kernel.flows = [line(80), line(80, '10.0.0.8'), line(80, '10.0.0.7')];
    await bench.start({ reviewIntervalMs: 10, maxRevoked: 2 });
    await untilApplied(1);
    await untilApplied(bench.dispatcher.say(stateOf()));
    expect(stopped()).toHaveLength(2);
    await expect.poll(conditions, poll).toEqual(['REVOKED_FLOWS_LEFT']);
    bench.kernel.flows = bench.kernel.flows?.slice(1);
    await expect
      .poll(() => stopped().toSorted(), poll)
      .toEqual(['10.0.0.7,tcp:80,10.0.0.1', '10.0.0.8,tcp:80,10.0.0.1']);
    await expect.poll(conditions, poll).toEqual([]);
  });

  it.each([
    ['what a state has allowed that was in force and not on disk', true, ['10.0.0.9,tcp:80,10.0.0.1']],
    ['nothing that no state has allowed', false, []],
  ])('after it was killed, %s', async (_, isUnsaved, expected) => {
    bench.dispatcher.say(stateOf(81));
    await bench.start();
    await untilApplied(1);
    await bench.stop();
    if (isUnsaved) await writeFile(path.join(bench.stateDir, 'unsaved'), '');
    bench.kernel.flows = [line(80)];
    await bench.start();
    await untilApplied(bench.dispatcher.say(stateOf()));
    expect(stopped()).toEqual(expected);
  });

  it('what somebody has taken out of the set by hand', async () => {
    bench.dispatcher.say(stateOf(80));
    bench.kernel.flows = [line(80)];
    await bench.start({ driftIntervalMs: 20 });
    await untilApplied(1);
    await untilApplied(bench.dispatcher.say(stateOf()));
    for (const [name, { members }] of bench.kernel.sets) if (name.startsWith('pc-4r-')) members.clear();
    await expect.poll(stopped, poll).toEqual(['10.0.0.9,tcp:80,10.0.0.1']);
  });
});
