import { enforceV1 } from '@portcullis/api';
import type { HostState } from '@portcullis/compile';
import { planChange, readApplied } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnforcerProcess } from './fixtures/enforcer-process.js';
import { addForeignRules, createKernelLab, foreignPart, isRoot, type KernelLab } from './fixtures/kernel-lab.js';
import { randomStates } from './fixtures/random-state.js';
import { Replay } from './fixtures/replay.js';
import { backends } from './kernel/kernel-tools.js';
import { ProcessTools } from './kernel/process-tools.js';

const poll = { interval: 10, timeout: 20_000 };
const states = randomStates(40, 33).filter(({ nics }) => nics.size > 2);
const [first, second] = states as [HostState, HostState];

describe.skipIf(!isRoot).each(backends)('the enforcer of a host with iptables-%s', (backend) => {
  let host: KernelLab;
  let enforcer: EnforcerProcess;
  const renderer = new FirewallRenderer();
  /** What is left to do, the sets that no rule names included. */
  const stepsTo = async (state: HostState) => {
    const saved = await new ProcessTools(backend, host.launcher).read();
    return planChange(readApplied(saved), renderer.render(state)).steps;
  };
  const untilApplied = (revision: number) =>
    expect.poll(() => enforcer.dispatcher.applied().at(-1), poll).toBe(revision);

  beforeEach(async () => {
    host = await createKernelLab();
    enforcer = await EnforcerProcess.create(host);
  });
  afterEach(async () => {
    await enforcer?.remove();
    await host?.lab.destroy();
  });

  it('puts every state in force at the doorbell, tells what it did, and leaves the rest of the kernel alone', async () => {
    await addForeignRules(host, backend);
    const foreign = await foreignPart(host, backend);
    await enforcer.start(backend, '--heartbeat-ms', '10000');
    await untilApplied(0);
    for (const state of states.slice(0, 15)) {
      await untilApplied(enforcer.say(state));
      const saved = await new ProcessTools(backend, host.launcher).read();
      expect(planChange(readApplied(saved), renderer.render(state), { keepStrays: true }).steps).toEqual([]);
    }
    await expect.poll(() => stepsTo(states[14] as HostState), poll).toEqual([]);
    expect(await foreignPart(host, backend)).toBe(foreign);
    const replayed = () => new Replay().take(enforcer.dispatcher.reports);
    await expect.poll(async () => replayed().sets, poll).toEqual(await setsOf(host));
    expect(enforcer.dispatcher.requests.at(-1)).toMatchObject({ backend, conditions: [] });
    await enforcer.stop();
    expect(await stepsTo(states[14] as HostState)).toEqual([]);
  });

  it('E7 writes nothing when it is restarted and nothing changed', async () => {
    enforcer.say(first);
    await enforcer.start(backend);
    await untilApplied(1);
    await expect.poll(() => stepsTo(first), poll).toEqual([]);
    await enforcer.stop();
    const { length } = await enforcer.writes();
    expect(length).toBeGreaterThan(0);
    enforcer.dispatcher.reports.length = 0;
    await enforcer.start(backend, '--drift-interval-ms', '100', '--heartbeat-ms', '500');
    await untilApplied(1);
    const { length: before } = enforcer.dispatcher.requests;
    await expect.poll(() => enforcer.dispatcher.requests.length, poll).toBeGreaterThan(before);
    expect((await enforcer.writes()).slice(length)).toEqual([]);
    expect(enforcer.dispatcher.reports[0]).toMatchObject({
      cause: enforceV1.Cause.START,
      diff: { rules: [], sets: [] },
    });
  });

  it('comes to the same end when it is killed again and again while it applies', async () => {
    let random = 7;
    const next = (range: number) => {
      random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
      return random % range;
    };
    for (let round = 0; round < 8; round += 1) {
      const { length } = enforcer.dispatcher.cursors;
      enforcer.say(states[next(states.length)] as HostState);
      await enforcer.start(backend);
      await expect
        .poll(() => enforcer.dispatcher.cursors.length, { interval: 1, timeout: 20_000 })
        .toBeGreaterThan(length);
      for (let i = 0; i < 4; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, next(12)));
        enforcer.say(states[next(states.length)] as HostState);
      }
      await enforcer.stop('SIGKILL');
    }
    await enforcer.start(backend);
    const state = states[5] as HostState;
    await untilApplied(enforcer.say(state));
    await expect.poll(() => stepsTo(state), poll).toEqual([]);
  });

  it('puts the last known state in force after a reboot while nobody answers', async () => {
    enforcer.say(first);
    await enforcer.start(backend);
    await untilApplied(1);
    await enforcer.stop();
    await enforcer.stopServing();
    for (const family of ['iptables', 'ip6tables']) {
      for (const table of ['filter', 'raw']) {
        await host.run(`${family}-${backend}`, '-t', table, '-F');
        await host.run(`${family}-${backend}`, '-t', table, '-X');
      }
    }
    await expect.poll(() => host.run('ipset', 'destroy').catch(String), poll).toBe('');
    await enforcer.start(backend);
    await expect.poll(() => stepsTo(first), poll).toEqual([]);
    await enforcer.serve();
    await untilApplied(enforcer.say(second));
    await expect.poll(() => stepsTo(second), poll).toEqual([]);
  });

  it('repairs what somebody has changed by hand, and says what it found', async () => {
    enforcer.say(first);
    await enforcer.start(backend, '--drift-interval-ms', '200');
    await untilApplied(1);
    await host.run(`iptables-${backend}`, '-w', '5', '-A', 'PC-INPUT', '-s', '192.0.2.9', '-j', 'ACCEPT');
    await host.run(`iptables-${backend}`, '-w', '5', '-D', 'INPUT', '1');
    await expect.poll(() => enforcer.dispatcher.reports.at(-1)?.cause, poll).toBe(enforceV1.Cause.DRIFT);
    await expect.poll(() => stepsTo(first), poll).toEqual([]);
    const found = enforcer.dispatcher.reports.flatMap(({ cause, diff }) =>
      cause === enforceV1.Cause.DRIFT ? (diff?.rules ?? []) : [],
    );
    expect(found).toContainEqual(
      expect.objectContaining({ kind: enforceV1.ChangeKind.REMOVED, rule: '-s 192.0.2.9/32 -j ACCEPT' }),
    );
  });

  it.runIf(backend === 'legacy')('waits for the xtables lock, says so, and goes on by itself', async () => {
    enforcer.say(first);
    await enforcer.start(backend);
    await untilApplied(1);
    const lockFile = `/run/${host.lab.hostNamespace('h1')}.lock`;
    const holder = host.lab.spawnIn('h1', 'flock', [lockFile, 'sleep', '7']);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const revision = enforcer.say(second);
    await expect
      .poll(() => enforcer.dispatcher.requests.at(-1)?.conditions.map(({ reason }) => reason), poll)
      .toEqual(['XTABLES_LOCKED']);
    expect(holder.exitCode).toBeNull();
    await untilApplied(revision);
    await expect.poll(() => stepsTo(second), poll).toEqual([]);
    await expect.poll(() => enforcer.dispatcher.requests.at(-1)?.conditions, poll).toEqual([]);
  });

  it('says at once that bridged packets are not filtered', async () => {
    enforcer.say(first);
    await host.run('sh', '-c', 'echo 0 >/proc/sys/net/bridge/bridge-nf-call-ip6tables');
    await enforcer.start(backend, '--heartbeat-ms', '100');
    const conditions = () => enforcer.dispatcher.requests.at(-1)?.conditions;
    await expect
      .poll(conditions, poll)
      .toEqual([
        expect.objectContaining({ reason: 'BRIDGE_NETFILTER_OFF', message: expect.stringContaining('ip6tables') }),
      ]);
    await host.run('sh', '-c', 'echo 1 >/proc/sys/net/bridge/bridge-nf-call-ip6tables');
    await expect.poll(conditions, poll).toEqual([]);
  });
});

async function setsOf(host: KernelLab): Promise<Map<string, ReadonlySet<string>>> {
  const sets = new Map<string, Set<string>>();
  for (const line of (await host.run('ipset', 'save')).split('\n')) {
    const [verb, name = '', member = ''] = line.split(' ');
    if (!name.startsWith('pc-')) continue;
    if (verb === 'create') sets.set(name, new Set());
    else sets.get(name)?.add(member);
  }
  return sets;
}
