import { once } from 'node:events';
import { enforceV1 } from '@portcullis/api';
import type { HostState } from '@portcullis/compile';
import { planChange, readApplied } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnforcerProcess } from './fixtures/enforcer-process.js';
import {
  addForeignRules,
  createKernelLab,
  foreignPart,
  isRoot,
  type KernelLab,
  seesHostPids,
} from './fixtures/kernel-lab.js';
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

  const drifts = () => enforcer.dispatcher.reports.filter(({ cause }) => cause === enforceV1.Cause.DRIFT);

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
    await expect.poll(() => stepsTo(states[14] as HostState), poll).toEqual([]);
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
    // Counters are read by the program that writes.
    const withoutHits = ['--hits-interval-ms', '0'];
    await enforcer.start(backend, '--drift-interval-ms', '100', '--heartbeat-ms', '500', ...withoutHits);
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

  it('notices within a second or two that somebody has changed a set, which the kernel tells nobody', async () => {
    const state = states.find(({ memberSets }) => [...memberSets.values()].some(({ addresses }) => addresses.size > 0));
    enforcer.say(state as HostState);
    await enforcer.start(backend, '--drift-interval-ms', '10000');
    await untilApplied(1);
    const sets = await setsOf(host);
    const [name = '', members] = [...sets].find(([, each]) => each.size > 0) ?? [];
    const startedAt = performance.now();
    await host.run('ipset', 'flush', name);
    await expect.poll(drifts, poll).toHaveLength(1);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(drifts()[0]?.changedBy).toBe('');
    expect((await setsOf(host)).get(name)).toEqual(members);
  });

  describe.runIf(backend === 'nft' && seesHostPids)('hears from the kernel', () => {
    const iptables = (...args: string[]) => host.run('iptables-nft', '-w', '5', ...args);
    const start = async (...options: string[]) => {
      enforcer.say(first);
      await enforcer.start(backend, '--drift-interval-ms', '600000', ...options);
      await untilApplied(1);
      await expect.poll(() => enforcer.log, poll).toContain('the kernel tells which program changes rules');
    };

    it('that a program has changed rules, repairs them at once, and says which', async () => {
      await start();
      await iptables('-I', 'PC-INPUT', '1', '-j', 'ACCEPT');
      await expect.poll(drifts, poll).toHaveLength(1);
      expect(drifts()[0]?.changedBy).toMatch(/^iptables-nft \(pid \d+\)$/);
      await expect.poll(() => stepsTo(first), poll).toEqual([]);
      await host.run('nft', 'delete', 'table', 'ip', 'raw');
      await expect.poll(drifts, poll).toHaveLength(2);
      expect(drifts()[1]?.changedBy).toMatch(/^nft \(pid \d+\)$/);
      await expect.poll(() => stepsTo(first), poll).toEqual([]);
    });

    it('of its own writes and of chains of others, and does not read the kernel for them', async () => {
      await start();
      const readCount = await enforcer.readCount();
      for (const state of states.slice(0, 6)) await untilApplied(enforcer.say(state));
      await iptables('-N', 'OTHER');
      await iptables('-A', 'OTHER', '-j', 'DROP');
      await iptables('-t', 'nat', '-A', 'POSTROUTING', '-o', 'eth7', '-j', 'MASQUERADE');
      // Events come in order: this one is after all of those.
      await iptables('-A', 'FORWARD', '-j', 'OTHER');
      await expect.poll(() => enforcer.readCount(), poll).toBe(readCount + 1);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(await enforcer.readCount()).toBe(readCount + 1);
      expect(drifts()).toEqual([]);
    });

    it('who keeps undoing what is repaired, fights it ever less often, and says when it is over', async () => {
      enforcer.say(first);
      await enforcer.start(backend, '--drift-interval-ms', '500', '--heartbeat-ms', '100');
      await untilApplied(1);
      const undo = 'while sleep 0.05; do iptables-nft -w 5 -F PC-INPUT; done';
      const program = host.lab.spawnIn('h1', 'sh', ['-c', undo]);
      const conditions = () => enforcer.dispatcher.requests.at(-1)?.conditions;
      await expect
        .poll(conditions, poll)
        .toEqual([
          expect.objectContaining({ reason: 'DRIFT_REPEATED', message: expect.stringMatching(/^iptables-nft keeps/) }),
        ]);
      const { length } = drifts();
      await new Promise((resolve) => setTimeout(resolve, 3000));
      expect(drifts().length - length).toBeLessThan(10);
      expect(drifts().length).toBeGreaterThan(length);
      const ended = once(program, 'exit');
      process.kill(-(program.pid as number), 'SIGKILL');
      await ended;
      await expect.poll(conditions, poll).toEqual([]);
      await expect.poll(() => stepsTo(first), poll).toEqual([]);
      expect(enforcer.log).toMatch(/"level":50[^\n]*DRIFT_REPEATED/);
    });

    it('nothing where nft is missing, says so, and finds out by the timer', async () => {
      await enforcer.replaceProgram('nft', 'echo "nft: not found" >&2; exit 127');
      enforcer.say(first);
      await enforcer.start(backend, '--drift-interval-ms', '300');
      await untilApplied(1);
      await expect.poll(() => enforcer.log, poll).toMatch(/nft: not found.*found by the timer only/);
      await iptables('-I', 'PC-INPUT', '1', '-j', 'ACCEPT');
      await expect.poll(drifts, poll).toHaveLength(1);
      expect(drifts()[0]?.changedBy).toBe('');
      await expect.poll(() => stepsTo(first), poll).toEqual([]);
    });

    it('again after nft has ended, and looks at what was changed meanwhile', async () => {
      await start();
      const pids = (await host.run('ip', 'netns', 'pids', host.lab.hostNamespace('h1'))).trim().split('\n');
      const commands = await Promise.all(
        pids.map(async (pid) => ({ pid, command: await host.run('cat', `/proc/${pid}/comm`).catch(() => '') })),
      );
      const monitor = commands.find(({ command }) => command === 'nft\n');
      process.kill(Number(monitor?.pid), 'SIGSTOP');
      await iptables('-I', 'PC-INPUT', '1', '-j', 'ACCEPT');
      process.kill(Number(monitor?.pid), 'SIGKILL');
      await expect.poll(() => stepsTo(first), poll).toEqual([]);
      await iptables('-I', 'PC-INPUT', '1', '-j', 'DROP');
      await expect.poll(() => drifts().at(-1)?.changedBy, poll).toMatch(/^iptables-nft /);
    });
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

  it('says that a program is missing, and what to install, before and after it has enforced, and goes on by itself', async () => {
    const conditions = () => enforcer.dispatcher.requests.at(-1)?.conditions;
    const missing = 'echo "ipset: not found" >&2; exit 127';
    const isMissing = expect.objectContaining({
      reason: 'TOOL_FAILED',
      message: expect.stringMatching(/^ipset: .*not found.*: install the package ipset$/),
    });
    enforcer.say(first);
    await enforcer.replaceProgram('ipset', missing);
    await enforcer.start(backend, '--heartbeat-ms', '100');
    await expect.poll(conditions, poll).toEqual([isMissing]);
    await enforcer.replaceProgram('ipset', 'exec /usr/sbin/ipset "$@"');
    await untilApplied(1);
    await expect.poll(conditions, poll).toEqual([]);
    await enforcer.replaceProgram('ipset', missing);
    await expect.poll(conditions, poll).toEqual([isMissing]);
    await enforcer.replaceProgram('ipset', 'exec /usr/sbin/ipset "$@"');
    await expect.poll(conditions, poll).toEqual([]);
    await expect.poll(() => stepsTo(first), poll).toEqual([]);
  });

  it('says that its rules in the other back end cannot be removed, and removes them as soon as they can be', async () => {
    const other = backends.find((each) => each !== backend) ?? 'nft';
    const tools = new ProcessTools(other, host.launcher);
    for (const step of planChange(readApplied(await tools.read()), renderer.render(first)).steps) await tools.run(step);
    const program = `iptables-${other}-restore`;
    await enforcer.replaceProgram(program, 'echo "not today" >&2; exit 1');
    enforcer.say(first);
    await enforcer.start(backend, '--heartbeat-ms', '100', '--drift-interval-ms', '500');
    const conditions = () => enforcer.dispatcher.requests.at(-1)?.conditions;
    await expect.poll(conditions, poll).toEqual([
      expect.objectContaining({
        reason: 'OTHER_BACKEND_NOT_CLEARED',
        message: expect.stringMatching(/pass both: .*not today/),
      }),
    ]);
    await untilApplied(1);
    await enforcer.replaceProgram(program, `exec /usr/sbin/${program} "$@"`);
    await expect.poll(conditions, poll).toEqual([]);
    expect((await tools.read()).ipv4).not.toContain('PC-');
    await expect.poll(() => stepsTo(first), poll).toEqual([]);
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
