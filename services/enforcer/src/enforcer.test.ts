import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { enforceV1 } from '@portcullis/api';
import type { HostNic, HostState } from '@portcullis/compile';
import { planChange, readApplied } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { DoorbellPublisher, startPrivateRedis } from '@portcullis/stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyState } from './desired/desired.js';
import type { FakeDispatcher } from './fixtures/fake-dispatcher.js';
import type { FakeKernel } from './fixtures/fake-kernel.js';
import { randomStates } from './fixtures/random-state.js';
import { Replay } from './fixtures/replay.js';
import { Bench } from './fixtures/run-enforcer.js';

const poll = { interval: 2, timeout: 5000 };
const renderer = new FirewallRenderer();

async function stepsTo(kernel: FakeKernel, state: HostState, closed: ReadonlySet<string> = new Set()) {
  return planChange(readApplied(await kernel.read()), renderer.render(state, closed), { keepStrays: true }).steps;
}

describe('an enforcer', () => {
  let bench: Bench;
  const { APPLIED, FAILED } = enforceV1.Outcome;
  const states = randomStates(12, 3).filter(({ nics }) => nics.size > 1);
  const [first, second, third] = states as [HostState, HostState, HostState];

  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.remove());

  const untilApplied = (revision: number) => expect.poll(() => bench.dispatcher.applied().at(-1), poll).toBe(revision);
  const lastReport = () => bench.dispatcher.reports.at(-1);
  const withoutBridge = (index = -1) => {
    const reasons = bench.dispatcher.requests.at(index)?.conditions.map(({ reason }) => reason) ?? [];
    return reasons.filter((reason) => reason !== 'BRIDGE_NETFILTER_OFF');
  };

  it('puts every state in force, acknowledges each, and tells what it did', async () => {
    await bench.start();
    for (const state of states) {
      await untilApplied(bench.dispatcher.say(state));
      expect(await stepsTo(bench.kernel, state)).toEqual([]);
    }
    await expect.poll(() => new Replay().take(bench.dispatcher.reports), poll).toEqual(bench.kernel.own());
  });

  it('says START once, then CHANGE, and names its back end and version', async () => {
    bench.dispatcher.say(first);
    await bench.start();
    await untilApplied(1);
    await untilApplied(bench.dispatcher.say(second));
    const causes = bench.dispatcher.reports.map(({ cause }) => enforceV1.Cause[cause]);
    expect([causes[0], ...new Set(causes.slice(1))]).toEqual(['START', 'CHANGE']);
    expect(bench.dispatcher.requests[0]).toMatchObject({ backend: 'nft', version: expect.stringMatching(/^\d+\.\d+/) });
  });

  it('acknowledges a generation that changes nothing', async () => {
    bench.dispatcher.say(first);
    await bench.start();
    await untilApplied(1);
    await untilApplied(bench.dispatcher.say(first));
    expect(lastReport()?.diff).toMatchObject({ rules: [], sets: [] });
  });

  it('acknowledges again to a dispatcher that has never heard of it', async () => {
    bench.dispatcher.say(first);
    await bench.start();
    await untilApplied(1);
    const { length } = bench.dispatcher.reports;
    bench.dispatcher.restart();
    await expect.poll(() => bench.dispatcher.reports.length, poll).toBeGreaterThan(length);
    expect(lastReport()).toMatchObject({ outcome: APPLIED, diff: { rules: [], sets: [] } });
  });

  it('tells what rules count, and to another dispatcher all of it again', async () => {
    const told = () =>
      new Map(
        bench.dispatcher.requests.flatMap(({ ruleHits }) =>
          ruleHits.map(({ rule, packets }) => [rule, packets] as const),
        ),
      );
    bench.dispatcher.say(first);
    await bench.start({ hitsIntervalMs: 2 });
    await expect.poll(() => bench.dispatcher.requests.at(-1)?.hitsCountedSince, poll).toBeDefined();
    const chain = [...renderer.render(first)[4].ruleIds].find(([, { size }]) => size > 0);
    const [text = '', ids = []] = [...(chain?.[1] ?? [])].find(([rule]) => !rule.includes('--match-set')) ?? [];
    bench.kernel.counters.set(`4 ${text}`, [7, 420]);
    await expect.poll(() => told(), poll).toEqual(expect.objectContaining({ size: expect.any(Number) }));
    await expect.poll(() => ids.map((id) => told().get(id)), poll).toEqual(ids.map(() => 7n));
    bench.dispatcher.requests.length = 0;
    bench.dispatcher.restart();
    await expect.poll(() => ids.map((id) => told().get(id)), poll).toEqual(ids.map(() => 7n));
  });

  it('says which bridge of a NIC with anti-spoofing learns from frames that no rule sees', async () => {
    const spoofing = states.find(({ nics }) =>
      [...nics.values()].some(({ antiSpoofing }) => antiSpoofing),
    ) as HostState;
    const bridges = [...spoofing.nics.values()].flatMap(({ antiSpoofing, bridge = '' }) =>
      antiSpoofing ? [bridge] : [],
    );
    bench.kernel.learning.add(bridges[0] ?? '').add('br-of-others');
    bench.dispatcher.say(spoofing);
    await bench.start();
    const told = () =>
      bench.dispatcher.requests.at(-1)?.conditions.map(({ reason, message }) => `${reason} ${message}`);
    await expect
      .poll(told, poll)
      .toEqual([expect.stringMatching(`^BRIDGE_LEARNS_UNSEEN ${bridges[0]}: .* no_linklocal_learn 1$`)]);
  });

  it('counts nothing where it is told so', async () => {
    bench.dispatcher.say(first);
    await bench.start({ hitsIntervalMs: 0 });
    await untilApplied(1);
    await untilApplied(bench.dispatcher.say(second));
    expect(bench.dispatcher.requests.map(({ hitsCountedSince }) => hitsCountedSince)).not.toContainEqual(
      expect.anything(),
    );
  });

  describe('E1 writes nothing', () => {
    it.each<[string, (dispatcher: FakeDispatcher) => void]>([
      ['while the dispatcher is away', (dispatcher) => Object.assign(dispatcher, { isAway: true })],
      ['before an answer is complete', (dispatcher) => Object.assign(dispatcher, { breaksOff: true })],
      ['that does not have the digest', (dispatcher) => Object.assign(dispatcher, { digest: 'another' })],
    ])('%s', async (_, disturb) => {
      bench.dispatcher.say(first);
      disturb(bench.dispatcher);
      await bench.start();
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(bench.kernel.steps).toEqual([]);
      Object.assign(bench.dispatcher, { isAway: false, breaksOff: false, digest: undefined });
      await untilApplied(1);
      expect(await stepsTo(bench.kernel, first)).toEqual([]);
    });
  });

  it('asks for a snapshot when the digest differs, and says so if that does not help', async () => {
    bench.dispatcher.say(first);
    await bench.start();
    await untilApplied(1);
    bench.dispatcher.digest = 'another';
    bench.dispatcher.say(second);
    await expect.poll(() => withoutBridge(), poll).toEqual(['DIGEST_MISMATCH']);
    expect(bench.dispatcher.cursors.at(-1)).toBe('');
    expect(await stepsTo(bench.kernel, first)).toEqual([]);
    bench.dispatcher.digest = undefined;
    await untilApplied(2);
    await expect.poll(() => withoutBridge(), poll).toEqual([]);
  });

  it('says so where there is no ebtables, as long as a NIC needs it, and enforces the rest', async () => {
    const spoofing = states.find(({ nics }) => [...nics.values()].some(({ antiSpoofing }) => antiSpoofing));
    const plain = {
      ...first,
      nics: new Map([...first.nics].map(([id, nic]) => [id, { ...nic, antiSpoofing: false }])),
    };
    bench.kernel.lacksFrames = true;
    await bench.start();
    await untilApplied(bench.dispatcher.say(spoofing ?? plain));
    await expect.poll(() => withoutBridge(), poll).toEqual(['FRAMES_UNFILTERED']);
    expect(bench.kernel.frames.nat?.size).toBe(1);
    await untilApplied(bench.dispatcher.say(plain));
    await expect.poll(() => withoutBridge(), poll).toEqual([]);
  });

  describe('after a restart', () => {
    it('E7 writes nothing when nothing changed', async () => {
      bench.dispatcher.say(first);
      await bench.start();
      await untilApplied(1);
      await bench.stop();
      bench.kernel.steps.length = 0;
      bench.dispatcher.reports.length = 0;
      await bench.start();
      await untilApplied(1);
      expect(bench.kernel.steps).toEqual([]);
      expect(lastReport()).toMatchObject({ cause: enforceV1.Cause.START, diff: { rules: [], sets: [] } });
    });

    it('puts the last known state in force when the dispatcher is away, then what it says', async () => {
      bench.dispatcher.say(first);
      await bench.start();
      await untilApplied(1);
      await bench.stop();
      bench.kernel.tables[4].filter = new Map([
        ['INPUT', []],
        ['FORWARD', ['-j KEEP']],
        ['OUTPUT', []],
        ['KEEP', []],
      ]);
      bench.dispatcher.isAway = true;
      const { status } = await bench.start();
      await expect.poll(() => status().applied?.policy, poll).toBe(1);
      expect(await stepsTo(bench.kernel, first)).toEqual([]);
      expect(bench.kernel.tables[4].filter?.get('FORWARD')).toContain('-j KEEP');
      bench.dispatcher.isAway = false;
      await untilApplied(bench.dispatcher.say(second));
      expect(await stepsTo(bench.kernel, second)).toEqual([]);
    });

    it('prefers what the dispatcher says to the last known state', async () => {
      bench.dispatcher.say(first);
      await bench.start();
      await untilApplied(1);
      await bench.stop();
      bench.kernel.steps.length = 0;
      bench.dispatcher.say(second);
      await bench.start({ startPatienceMs: 5000 });
      await untilApplied(2);
      expect(await stepsTo(bench.kernel, second)).toEqual([]);
    });

    it('uses the file before a damaged one, and says so', async () => {
      bench.dispatcher.say(first);
      await bench.start();
      await untilApplied(1);
      await untilApplied(bench.dispatcher.say(second));
      await bench.stop();
      await writeFile(path.join(bench.stateDir, 'state.json'), '{');
      bench.dispatcher.isAway = true;
      const { status } = await bench.start();
      await expect.poll(() => status().applied?.policy, poll).toBe(1);
      expect(await stepsTo(bench.kernel, first)).toEqual([]);
      bench.dispatcher.requests.length = 0;
      bench.dispatcher.isAway = false;
      // The first request says so, and is over before anybody may have looked.
      await expect.poll(() => withoutBridge(0), poll).toEqual(['STATE_FILE_CORRUPT']);
      await expect.poll(() => withoutBridge(), poll).toEqual([]);
    });

    it('leaves the kernel as it is without a snapshot and without a file', async () => {
      bench.dispatcher.say(first);
      await bench.start();
      await untilApplied(1);
      await bench.stop();
      await writeFile(path.join(bench.stateDir, 'state.json'), '{');
      bench.dispatcher.isAway = true;
      bench.kernel.steps.length = 0;
      await bench.start();
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(bench.kernel.steps).toEqual([]);
    });
  });

  describe('E4 when the kernel refuses', () => {
    const good = states.find(({ nics }) => [...nics.values()].some(({ antiSpoofing }) => antiSpoofing)) as HostState;
    const nic = [...good.nics.values()].find(({ antiSpoofing }) => antiSpoofing) as HostNic;
    /** A rule that only this NIC has. */
    const refuseRuleOf = ({ mac }: HostNic) => {
      bench.kernel.refuse = (line) => (line.includes(`--mac-source ${mac}`) ? 'is not liked' : undefined);
    };

    it('a NIC, closes it, enforces all others, and tells why', async () => {
      refuseRuleOf(nic);
      bench.dispatcher.say(good);
      await bench.start();
      await expect.poll(() => lastReport()?.outcome, poll).toBe(FAILED);
      expect(await stepsTo(bench.kernel, good, new Set([nic.id]))).toEqual([]);
      expect(lastReport()?.failures).toEqual([
        expect.objectContaining({
          nic: nic.id,
          reason: 'RULE_REFUSED',
          message: expect.stringContaining('is not liked'),
        }),
      ]);
      bench.kernel.refuse = () => undefined;
      await untilApplied(1);
      expect(await stepsTo(bench.kernel, good)).toEqual([]);
      await expect.poll(() => new Replay().take(bench.dispatcher.reports), poll).toEqual(bench.kernel.own());
    });

    it('a NIC that was good, says which generation was the last without failure', async () => {
      bench.dispatcher.say(emptyState);
      await bench.start();
      await untilApplied(1);
      refuseRuleOf(nic);
      bench.dispatcher.say(good);
      await expect.poll(() => lastReport()?.outcome, poll).toBe(FAILED);
      expect(lastReport()?.lastGoodGeneration?.policyRevision).toBe(1n);
      expect(lastReport()?.generation?.policyRevision).toBe(2n);
    });

    it('leaves no trace of its search', async () => {
      refuseRuleOf(nic);
      bench.dispatcher.say(good);
      await bench.start();
      await expect.poll(() => lastReport()?.outcome, poll).toBe(FAILED);
      expect(JSON.stringify([...bench.kernel.own().rules.keys()])).not.toContain('PC-T-');
    });

    it('a set, closes the NICs whose rules name it', async () => {
      const named = states.find(({ memberSets }) =>
        [...memberSets.values()].some(({ addresses }) => addresses.size > 0),
      );
      if (named === undefined) throw new Error('no state with members');
      const address = [...named.memberSets.values()].flatMap(({ addresses }) => [...addresses])[0];
      bench.kernel.refuse = (line) =>
        line.startsWith('add ') && line.endsWith(` ${address}`) ? 'is not liked' : undefined;
      bench.dispatcher.say(named);
      await bench.start();
      await expect.poll(() => lastReport()?.outcome, poll).toBe(FAILED);
      const failures = lastReport()?.failures ?? [];
      expect(failures.length).toBeGreaterThan(0);
      expect(failures.every((failure) => failure.reason === 'SET_REFUSED' && failure.set.startsWith('pc-'))).toBe(true);
      expect(await stepsTo(bench.kernel, named, new Set(failures.map((failure) => failure.nic)))).toEqual([]);
    });

    it('everything, closes nobody and keeps the last good state', async () => {
      bench.dispatcher.say(first);
      await bench.start();
      await untilApplied(1);
      bench.kernel.refuse = () => 'is not liked';
      bench.dispatcher.say(second);
      await expect.poll(() => lastReport()?.outcome, poll).toBe(FAILED);
      expect(lastReport()?.failures).toEqual([expect.objectContaining({ nic: '', reason: 'KERNEL_REFUSED' })]);
      expect(await stepsTo(bench.kernel, first)).toEqual([]);
      bench.kernel.refuse = () => undefined;
      await untilApplied(2);
    });

    it.each(['locked', 'broken'] as const)('nothing but is %s, closes nobody and tries again', async (failure) => {
      bench.dispatcher.say(first);
      await bench.start();
      await untilApplied(1);
      bench.kernel.failure = failure;
      bench.dispatcher.say(second);
      await expect.poll(() => lastReport()?.outcome, poll).toBe(FAILED);
      const reason = { locked: 'XTABLES_LOCKED', broken: 'TOOL_FAILED' }[failure];
      expect(lastReport()?.failures).toEqual([expect.objectContaining({ nic: '', reason })]);
      expect(withoutBridge()).toEqual([failure === 'locked' ? 'XTABLES_LOCKED' : 'TOOL_FAILED']);
      bench.kernel.failure = undefined;
      await untilApplied(2);
      expect(await stepsTo(bench.kernel, second)).toEqual([]);
      await expect.poll(() => withoutBridge(), poll).toEqual([]);
    });

    it('says so when something breaks that nobody thought of, and tries again', async () => {
      bench.kernel.beforeStep = () => {
        throw new TypeError('a mistake');
      };
      bench.dispatcher.say(first);
      await bench.start();
      await expect.poll(() => lastReport()?.outcome, poll).toBe(FAILED);
      expect(lastReport()?.failures).toEqual([expect.objectContaining({ reason: 'INTERNAL', message: 'a mistake' })]);
      bench.kernel.beforeStep = undefined;
      await untilApplied(1);
    });

    it('to swap a set that somebody lists, leads the rules to the new one, and closes nobody', async () => {
      const named = states.find(({ nics, groups }) => {
        const isNamed = ({ groups: own }: HostNic) =>
          own.some((id) => groups.get(id)?.rules.some(({ addressGroup }) => addressGroup !== undefined));
        return [...nics.values()].some(isNamed);
      });
      const [id = ''] = named?.addressGroups.keys() ?? [];
      const withCidrs = (...cidrs: string[]): HostState => {
        const addressGroups = new Map(named?.addressGroups).set(id, { id, cidrs: new Set(cidrs) });
        return { ...(named as HostState), addressGroups };
      };
      await bench.start();
      await untilApplied(bench.dispatcher.say(withCidrs('10.0.0.0/8')));
      bench.kernel.refuse = (line) => (line.startsWith('swap ') ? 'is being listed' : undefined);
      const after = withCidrs('192.0.2.0/24', '0.0.0.0/0');
      await untilApplied(bench.dispatcher.say(after));
      expect(lastReport()?.failures).toEqual([]);
      expect(bench.kernel.steps.some((step) => step.kind === 'sets' && step.lines[0]?.startsWith('swap '))).toBe(true);
      expect(await stepsTo(bench.kernel, after)).toEqual([]);
      await expect.poll(() => new Replay().take(bench.dispatcher.reports), poll).toEqual(bench.kernel.own());
    });

    it('any one line once, reaches the state all the same', async () => {
      await bench.start();
      for (const [i, state] of states.entries()) {
        let count = 0;
        bench.kernel.refuse = () => {
          count += 1;
          return count === i * 3 + 1 ? 'just this once' : undefined;
        };
        await untilApplied(bench.dispatcher.say(state));
        expect(await stepsTo(bench.kernel, state)).toEqual([]);
      }
      await expect.poll(() => new Replay().take(bench.dispatcher.reports), poll).toEqual(bench.kernel.own());
    });
  });

  it('lets what others write meanwhile stay', async () => {
    let count = 0;
    bench.kernel.beforeStep = () => {
      count += 1;
      bench.kernel.tables[4].filter?.get('FORWARD')?.unshift(`-s 192.0.2.${count % 200} -j DROP`);
    };
    await bench.start();
    for (const state of states.slice(0, 4)) await untilApplied(bench.dispatcher.say(state));
    bench.kernel.beforeStep = undefined;
    await untilApplied(bench.dispatcher.say(first));
    const foreign = bench.kernel.tables[4].filter?.get('FORWARD')?.filter((rule) => rule.startsWith('-s 192.0.2.'));
    expect(foreign).toHaveLength(count);
  });

  describe('drift', () => {
    it('is repaired and reported from what was found to what is desired', async () => {
      bench.dispatcher.say(first);
      await bench.start({ driftIntervalMs: 10 });
      await untilApplied(1);
      bench.kernel.tables[4].filter?.get('PC-FORWARD')?.push('-j ACCEPT');
      await expect.poll(() => lastReport()?.cause, poll).toBe(enforceV1.Cause.DRIFT);
      expect(lastReport()?.diff?.rules).toEqual([
        expect.objectContaining({ kind: enforceV1.ChangeKind.REMOVED, chain: 'PC-FORWARD', rule: '-j ACCEPT' }),
      ]);
      expect(await stepsTo(bench.kernel, first)).toEqual([]);
      await untilApplied(bench.dispatcher.say(second));
      await expect.poll(() => new Replay().take(bench.dispatcher.reports), poll).toEqual(bench.kernel.own());
    });

    it('is looked for as soon as the kernel tells of a change, and says who made it', async () => {
      bench.dispatcher.say(first);
      await bench.start();
      await untilApplied(1);
      bench.kernel.tables[4].filter?.get('PC-FORWARD')?.push('-j ACCEPT');
      bench.kernel.tellOfChange({ program: 'iptables-nft-re', pid: 4711 });
      bench.kernel.tellOfChange({ program: 'nft', pid: 12 });
      bench.kernel.tellOfChange(undefined);
      await expect.poll(() => lastReport()?.cause, poll).toBe(enforceV1.Cause.DRIFT);
      expect(lastReport()?.changedBy).toBe('iptables-nft-re (pid 4711), nft (pid 12)');
      bench.kernel.tables[4].filter?.get('PC-FORWARD')?.push('-j ACCEPT');
      bench.kernel.tellOfChange(undefined);
      await expect.poll(() => lastReport()?.changedBy, poll).toBe('');
      expect(await stepsTo(bench.kernel, first)).toEqual([]);
    });

    it('that others write all day makes the host read now and then only', async () => {
      bench.dispatcher.say(first);
      await bench.start();
      await untilApplied(1);
      const { readCount } = bench.kernel;
      const endAt = performance.now() + 1200;
      while (performance.now() < endAt) {
        bench.kernel.tellOfChange({ program: 'nft', pid: 12 });
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      expect(bench.kernel.readCount - readCount).toBeGreaterThan(1);
      expect(bench.kernel.readCount - readCount).toBeLessThan(7);
    });

    it('that comes back each time is a condition, until it does not', async () => {
      bench.dispatcher.say(first);
      await bench.start({ driftIntervalMs: 10 });
      await untilApplied(1);
      const disturb = setInterval(() => {
        const rules = bench.kernel.tables[6].filter?.get('PC-INPUT');
        if (rules?.includes('-j ACCEPT') === false) rules.push('-j ACCEPT');
      }, 1);
      await expect.poll(() => withoutBridge(), poll).toEqual(['DRIFT_REPEATED']);
      clearInterval(disturb);
      await expect.poll(() => withoutBridge(), poll).toEqual([]);
    });

    it('finds nothing in a kernel that holds what was applied', async () => {
      bench.dispatcher.say(first);
      await bench.start({ driftIntervalMs: 5 });
      await untilApplied(1);
      await expect.poll(() => bench.kernel.sets.size + bench.kernel.readCount, poll).toBeGreaterThan(10);
      expect(bench.dispatcher.reports.filter(({ cause }) => cause === enforceV1.Cause.DRIFT)).toEqual([]);
    });
  });

  it('keeps trying to destroy sets that the kernel holds on to, and nobody waits for it', async () => {
    bench.dispatcher.say(first);
    await bench.start();
    await untilApplied(1);
    bench.kernel.keepsSets = true;
    for (const state of [second, third, first, second]) await untilApplied(bench.dispatcher.say(state));
    bench.kernel.keepsSets = false;
    await expect
      .poll(async () => planChange(readApplied(await bench.kernel.read()), renderer.render(second)).steps, poll)
      .toEqual([]);
    await expect.poll(() => new Replay().take(bench.dispatcher.reports), poll).toEqual(bench.kernel.own());
  });

  it('answers many doorbells during one apply with one more Sync', async () => {
    const redis = await startPrivateRedis();
    const publisher = new DoorbellPublisher({ url: redis.socketPath, onError: () => undefined });
    try {
      await bench.start({ redisUrl: redis.socketPath, heartbeatMs: 60_000 });
      await untilApplied(0);
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      bench.kernel.beforeStep = () => held;
      bench.dispatcher.say(first);
      publisher.ring('hosts/h1', { generation: '1.1' });
      await expect.poll(() => bench.dispatcher.cursors.length, poll).toBeGreaterThan(1);
      const { length } = bench.dispatcher.cursors;
      for (const state of states) {
        publisher.ring('hosts/h1', { generation: `${bench.dispatcher.say(state)}.1` });
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      bench.kernel.beforeStep = undefined;
      release();
      await untilApplied(states.length + 1);
      expect(bench.dispatcher.cursors.length).toBeLessThanOrEqual(length + 2);
      expect(bench.dispatcher.applied()).toEqual([0, 1, states.length + 1]);
    } finally {
      publisher.close();
      await redis.remove();
    }
  });

  it('sends what was done while the dispatcher did not take reports, in order', async () => {
    const { dispatcher } = bench;
    dispatcher.takesReports = false;
    const { status } = await bench.start();
    for (const state of states) {
      const revision = dispatcher.say(state);
      await expect.poll(() => status().applied?.policy, poll).toBe(revision);
    }
    dispatcher.takesReports = true;
    await untilApplied(states.length);
    const revisions = dispatcher.applied();
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
  });
});
