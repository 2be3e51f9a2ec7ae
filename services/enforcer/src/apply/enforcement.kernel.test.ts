import type { HostNic, HostState } from '@portcullis/compile';
import type { Family } from '@portcullis/model';
import { type Applied, planChange, readApplied, type Step } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { createLogger } from '@portcullis/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addForeignRules, createKernelLab, foreignPart, isRoot, type KernelLab } from '../fixtures/kernel-lab.js';
import { largeState } from '../fixtures/large-state.js';
import { randomStates } from '../fixtures/random-state.js';
import { clearBackend, detectBackend } from '../kernel/backend.js';
import { createLauncher } from '../kernel/exec.js';
import { backends, type RunOptions } from '../kernel/kernel-tools.js';
import { SessionTools } from '../kernel/session-tools.js';
import { Enforcement } from './enforcement.js';

const log = createLogger('enforcement', { level: 'silent' });
const states = randomStates(30, 21).filter(({ nics }) => nics.size > 2);
const desired = (state: HostState) => ({ generation: { policy: 1, inventory: 1 }, state, unreadable: new Map() });

describe.skipIf(!isRoot).each(backends)('enforcement by iptables-%s', (backend) => {
  let host: KernelLab;
  let tools: SessionTools;
  const renderer = new FirewallRenderer();
  const applied = async (): Promise<Applied> => readApplied(await tools.read());
  const stepsTo = async (state: HostState, closed = new Set<string>()) =>
    planChange(await applied(), renderer.render(state, closed), { keepStrays: true }).steps;
  /** Also the sets that no rule names are gone, as soon as the kernel lets go of them. */
  const expectClean = async (enforcement: Enforcement, state: HostState) => {
    const left = async () => {
      await enforcement.destroyStrays();
      return planChange(await applied(), renderer.render(state)).steps;
    };
    await expect.poll(left).toEqual([]);
  };

  beforeEach(async () => {
    host = await createKernelLab();
    tools = new SessionTools(backend, host.launcher);
  });
  afterEach(async () => {
    await tools?.close();
    await host?.lab.destroy();
  });

  it('leads through any states to what is desired, and leaves what is not ours as it was', async () => {
    await addForeignRules(host, backend);
    const before = await foreignPart(host, backend);
    const enforcement = new Enforcement({ tools, log });
    for (const state of states) {
      const { failed, closed } = await enforcement.enforce(desired(state));
      expect({ failed, closed }).toEqual({ failed: undefined, closed: [] });
    }
    await expectClean(enforcement, states.at(-1) as HostState);
    expect(await foreignPart(host, backend)).toBe(before);
  });

  it('E7 changes nothing when it begins anew', async () => {
    const state = states[0] as HostState;
    await new Enforcement({ tools, log }).enforce(desired(state));
    const steps: Step[] = [];
    const watched = watching(tools, (step) => {
      steps.push(step);
      return step;
    });
    const { diff } = await new Enforcement({ tools: watched, log }).enforce(desired(state));
    expect({ steps, diff }).toEqual({ steps: [], diff: { rules: [], sets: [] } });
  });

  it('E4 closes exactly the NICs whose rules the kernel refuses, and enforces the rest', async () => {
    const state = states.find(({ nics }) => [...nics.values()].filter(({ antiSpoofing }) => antiSpoofing).length > 1);
    const guilty = [...(state?.nics.values() ?? [])].filter(({ antiSpoofing }) => antiSpoofing).slice(0, 2);
    if (state === undefined) throw new Error('no state with two such NICs');
    const enforcement = new Enforcement({ tools: refusing(tools, guilty), log });
    const { closed, failed } = await enforcement.enforce(desired(state));
    expect(failed).toBeUndefined();
    expect(closed.map(({ nic, reason }) => ({ nic, reason })).toSorted(byNic)).toEqual(
      guilty.map(({ id }) => ({ nic: id, reason: 'RULE_REFUSED' })).toSorted(byNic),
    );
    expect(await stepsTo(state, new Set(guilty.map(({ id }) => id)))).toEqual([]);
  });

  it('E4 closes the NICs whose rules name a set that cannot be made', async () => {
    const state = states.find(({ memberSets }) => memberSets.size > 0) as HostState;
    const [base] = [...renderer.render(state)[4].sets.keys()];
    for (const slot of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await host.run('ipset', 'create', `${base}-${slot}`, 'hash:net');
      const name = ['-m', 'set', '--match-set', `${base}-${slot}`, 'src'];
      await host.run(`iptables-${backend}`, '-t', 'mangle', '-A', 'OUTPUT', ...name, '-j', 'ACCEPT');
    }
    const enforcement = new Enforcement({ tools, log });
    const { closed, failed } = await enforcement.enforce(desired(state));
    expect(failed).toBeUndefined();
    expect(closed.length).toBeGreaterThan(0);
    expect(closed.every(({ reason, set }) => reason === 'SET_REFUSED' && set?.startsWith(base ?? ' '))).toBe(true);
    const names = new Set(closed.map(({ nic }) => nic));
    expect(await stepsTo(state, names)).toEqual([]);
  });

  it('takes up what somebody else has written between its reading and its writing', async () => {
    const [first, second] = states as [HostState, HostState];
    let count = 0;
    const disturbed = watching(tools, async (step) => {
      count += 1;
      await host.run(`iptables-${backend}`, '-w', '5', '-I', 'FORWARD', '1', '-s', `192.0.2.${count}`, '-j', 'DROP');
      return step;
    });
    const enforcement = new Enforcement({ tools: disturbed, log });
    await enforcement.enforce(desired(first));
    await host.run(`iptables-${backend}`, '-F', 'PC-INPUT');
    await enforcement.enforce(desired(second));
    await enforcement.repair(await tools.read());
    expect(await stepsTo(second)).toEqual([]);
    const saved = (await tools.read()).ipv4;
    for (let i = 1; i <= count; i += 1) expect(saved).toContain(`-A FORWARD -s 192.0.2.${i}/32 -j DROP`);
  });

  it('E6 repairs while others change what is theirs between its reading and its writing, and loses none of it', async () => {
    const state = states[0] as HostState;
    const iptables = (...args: string[]) => host.run(`iptables-${backend}`, '-w', '5', ...args);
    await addForeignRules(host, backend);
    const enforcement = new Enforcement({
      tools: watching(tools, async (step) => {
        if (isRepairing) await disturb();
        return step;
      }),
      log,
    });
    let isRepairing = false;
    let round = 0;
    const disturb = async () => {
      round += 1;
      await iptables('-N', `OTHER-${round}`);
      await iptables('-A', `OTHER-${round}`, '-s', `192.0.2.${round}`, '-j', 'DROP');
      await iptables('-I', 'FORWARD', '1', '-j', `OTHER-${round}`);
      await iptables('-D', 'INPUT', '-i', 'lo', '-j', 'ACCEPT');
      await iptables('-I', 'INPUT', '1', '-i', 'lo', '-j', 'ACCEPT');
      await host.run('ipset', 'add', 'other', `198.51.100.${round}`);
    };
    await enforcement.enforce(desired(state));
    for (let i = 0; i < 3; i += 1) {
      await iptables('-F', 'PC-INPUT');
      await iptables('-D', 'FORWARD', '1');
      const saved = await tools.read();
      isRepairing = true;
      expect(await enforcement.repair(saved)).toMatchObject({ failed: undefined });
      isRepairing = false;
      const foreign = await foreignPart(host, backend);
      // What was written into our place meanwhile is put behind us by the next look.
      await enforcement.repair(await tools.read());
      expect(await stepsTo(state)).toEqual([]);
      expect(await foreignPart(host, backend)).toBe(foreign);
    }
    expect(round).toBeGreaterThanOrEqual(3);
    const { ipv4, sets } = await tools.read();
    for (let i = 1; i <= round; i += 1) {
      expect(ipv4).toContain(`-A FORWARD -j OTHER-${i}\n`);
      expect(ipv4).toContain(`-A OTHER-${i} -s 192.0.2.${i}/32 -j DROP\n`);
      expect(sets).toContain(`add other 198.51.100.${i}`);
    }
    expect(ipv4.match(/-A INPUT -i lo -j ACCEPT\n/g)).toHaveLength(1);
  });

  it('gives a set that outgrows its place a larger one', async () => {
    const size = { nicCount: 1, groupCount: 1, rulesPerGroup: 1 };
    const enforcement = new Enforcement({ tools, log });
    for (const memberCount of [1000, 90_000, 90_001]) {
      const state = largeState({ ...size, memberCount });
      expect(await enforcement.enforce(desired(state))).toMatchObject({ failed: undefined, closed: [] });
      expect(await stepsTo(state)).toEqual([]);
    }
  });

  it('changes the CIDRs of an address group without a rule, also all of them at once', async () => {
    const base = largeState({ nicCount: 2, groupCount: 1, rulesPerGroup: 1, memberCount: 1 });
    const [group] = base.groups.values();
    const rules = (group?.rules ?? []).map((rule) => ({ ...rule, addressGroup: 'office' }));
    const withCidrs = (...cidrs: string[]): HostState => ({
      ...base,
      groups: new Map([[group?.id ?? '', { id: group?.id ?? '', rules }]]),
      addressGroups: new Map([['office', { id: 'office', cidrs: new Set(cidrs) }]]),
    });
    await new Enforcement({ tools, log }).enforce(desired(withCidrs('10.0.0.0/8', '::/0')));
    const kinds: string[] = [];
    const watched = watching(tools, (step) => {
      kinds.push(step.kind);
      return step;
    });
    const enforcement = new Enforcement({ tools: watched, log });
    for (const state of [
      withCidrs('10.0.0.0/8', '::/0', '0.0.0.0/0', '192.0.2.1/32'),
      withCidrs('10.0.0.0/8'),
      withCidrs('10.0.0.0/9', '2001:db8::1/128', '::ffff:1.2.3.4/128'),
      withCidrs('0.0.0.0/0', '::/0'),
      withCidrs(),
    ]) {
      expect(await enforcement.enforce(desired(state))).toMatchObject({ failed: undefined, closed: [] });
      expect(await stepsTo(state)).toEqual([]);
    }
    expect(new Set(kinds)).toEqual(new Set(['sets']));
    await expectClean(enforcement, withCidrs());
  });

  it('puts frames back that somebody has changed, before the rules of others', async () => {
    const state = states.find(({ nics }) => [...nics.values()].some(({ antiSpoofing }) => antiSpoofing)) as HostState;
    const enforcement = new Enforcement({ tools, log });
    await enforcement.enforce(desired(state));
    await host.run('ebtables-nft', '-t', 'nat', '-F', 'PC-FRAME');
    await host.run('ebtables-nft', '-t', 'nat', '-I', 'PREROUTING', '1', '-s', '02:00:00:00:00:77', '-j', 'DROP');
    const repaired = await enforcement.repair(await tools.read());
    expect(repaired?.failed).toBeUndefined();
    expect(repaired?.diff.rules.map(({ chain }) => chain)).toContain('PC-FRAME');
    expect(await stepsTo(state)).toEqual([]);
    const [, prerouting] = /(?:^-A PREROUTING.*\n)+/m.exec((await tools.read()).frames ?? '')?.[0].split('\n') ?? [];
    expect(prerouting).toBe('-A PREROUTING -s 02:00:00:00:00:77 -j DROP');
  });

  it('enforces all the rest where ebtables fails, says so, and takes frames up once it works', async () => {
    const state = states.find(({ nics }) => [...nics.values()].some(({ antiSpoofing }) => antiSpoofing)) as HostState;
    let isBroken = true;
    const broken = watching(tools, (step) =>
      step.kind === 'frames' && isBroken ? { ...step, text: '*nat\n-A NOWHERE -j DROP\nCOMMIT\n' } : step,
    );
    let now = 0;
    const enforcement = new Enforcement({ tools: broken, log, now: () => now });
    expect(await enforcement.enforce(desired(state))).toMatchObject({ failed: undefined, closed: [] });
    expect(enforcement.framesProblem).toContain('ebtables');
    expect((await stepsTo(state)).map(({ kind }) => kind)).toEqual(['frames']);
    expect(enforcement.told.frames?.chains.size).toBe(0);
    expect(await enforcement.repair(await tools.read())).toBeUndefined();
    isBroken = false;
    now = enforcement.nextRetryAt ?? 0;
    const { diff } = await enforcement.enforce(desired(state));
    expect(new Set(diff.rules.map(({ family }) => family))).toEqual(new Set([2]));
    expect(enforcement.framesProblem).toBeUndefined();
    expect(await stepsTo(state)).toEqual([]);
  });

  it('moves from the other back end without a gap', async () => {
    const other = backends.find((each) => each !== backend) ?? 'nft';
    const otherTools = new SessionTools(other, host.launcher);
    const [first, second] = states as [HostState, HostState];
    await new Enforcement({ tools: otherTools, log }).enforce(desired(first));
    await otherTools.close();
    expect(await detectBackend(backend, host.launcher)).toMatchObject({ backend, leftIn: other });
    const enforcement = new Enforcement({ tools, log });
    await enforcement.enforce(desired(second));
    await clearBackend(other, host.launcher);
    expect(await detectBackend(backend, host.launcher)).toMatchObject({ backend, leftIn: undefined });
    await expectClean(enforcement, second);
  });
});

describe.skipIf(!isRoot)('the back end that is chosen', () => {
  let host: KernelLab;
  beforeEach(async () => {
    host = await createKernelLab();
  });
  afterEach(() => host?.lab.destroy());

  it('is nft on a host without rules', async () => {
    expect(await detectBackend('auto', host.launcher)).toMatchObject({ backend: 'nft', leftIn: undefined });
  });

  it('is legacy where the legacy tables hold rules of others', async () => {
    await addForeignRules(host, 'legacy');
    expect(await detectBackend('auto', host.launcher)).toMatchObject({ backend: 'legacy' });
  });

  it('is nft where the legacy tables hold only ours', async () => {
    const tools = new SessionTools('legacy', host.launcher);
    await new Enforcement({ tools, log }).enforce(desired(states[0] as HostState));
    await tools.close();
    expect(await detectBackend('auto', host.launcher)).toMatchObject({ backend: 'nft', leftIn: 'legacy' });
  });

  it('is none where the tool is missing, and that is said', async () => {
    const launcher = createLauncher({ prefix: ['env', 'PATH=/nowhere'] });
    await expect(detectBackend('nft', launcher)).rejects.toThrow(
      /^the back end nft cannot be used: iptables-nft-save: .*No such file/,
    );
  });

  it('is the one that was asked for', async () => {
    await addForeignRules(host, 'legacy');
    expect(await detectBackend('nft', host.launcher)).toMatchObject({ backend: 'nft' });
  });
});

/** Tools that do what `change` makes of each step. */
function watching(tools: SessionTools, change: (step: Step) => Step | Promise<Step>) {
  return {
    backend: tools.backend,
    read: () => tools.read(),
    run: async (step: Step, options?: RunOptions) => tools.run(await change(step), options),
    destroySets: (names: readonly string[]) => tools.destroySets(names),
    countMembers: () => tools.countMembers(),
    countHits: (family: Family, chains: readonly string[]) => tools.countHits(family, chains),
    countMemberHits: (sets: readonly string[]) => tools.countMemberHits(sets),
    watch: () => undefined,
    learningBridges: () => tools.learningBridges(),
    readFlows: (onLine: (line: string) => void) => tools.readFlows(onLine),
    close: () => tools.close(),
  };
}

/** Puts something that a kernel refuses in the place of a rule that only these NICs have. */
function refusing(tools: SessionTools, nics: readonly HostNic[]) {
  return watching(tools, (step) => {
    if (step.kind === 'sets') return step;
    const bad = (text: string, { mac }: HostNic) =>
      text.replaceAll(`-m mac ! --mac-source ${mac} -j DROP`, '-j MASQUERADE');
    return { ...step, text: nics.reduce(bad, step.text) };
  });
}

function byNic(a: { nic: string }, b: { nic: string }): number {
  return a.nic < b.nic ? -1 : 1;
}
