import type { Chain, Firewall } from '@portcullis/ruleset';
import { describe, expect, it } from 'vitest';
import { type Applied, nothingApplied, readApplied } from './applied.js';
import { diffApplied } from './diff-applied.js';
import { planChange } from './plan.js';
import { planRemoval, withoutStrays } from './removal.js';

const set = 'pc-4-0123456789abcdef';
const forwardHook = '-m physdev --physdev-is-bridged -j PC-FORWARD';
const nothing = { hooks: [], chains: new Map(), sets: new Map() };

/** One chain that names one set; `port` tells two versions of the rule apart. */
function firewall(members: string[], port = 80): Firewall {
  const rule = `-p tcp -m tcp --dport ${port} -m set --match-set ${set} src -g PC-ALLOW`;
  const chain: Chain = { table: 'filter', name: 'PC-GI-1', rules: [rule] };
  const hooks = [{ table: 'filter', chain: 'FORWARD', rule: forwardHook }] as const;
  return { 4: { hooks, chains: new Map([[chain.name, chain]]), sets: new Map([[set, new Set(members)]]) }, 6: nothing };
}

function linesOf(applied: Applied, desired: Firewall): string[] {
  return planChange(applied, desired, { keepStrays: true }).steps.flatMap((step) =>
    step.kind === 'sets' ? step.lines : step.text.split('\n'),
  );
}

describe('sets that no rule names any more', () => {
  it('are destroyed at the end of a plan', () => {
    const { applied } = planChange(nothingApplied, firewall(['10.0.0.1']));
    const { steps } = planChange(applied, firewall(['10.0.0.2'], 81));
    expect(steps.at(-1)).toEqual({ kind: 'sets', lines: [`destroy ${set}-a`] });
  });

  it('may stay, and are stepped around', () => {
    let applied = planChange(nothingApplied, firewall(['10.0.0.1'])).applied;
    for (const [i, slot] of ['b', 'c', 'd', 'e', 'f'].entries()) {
      const plan = planChange(applied, firewall(['10.0.0.2'], 81 + i), { keepStrays: true });
      if (i === 0)
        expect(plan.steps[0]).toMatchObject({
          lines: [`create ${set}-${slot} hash:ip family inet maxelem 65536`, `add ${set}-${slot} 10.0.0.2`],
        });
      applied = planChange(plan.applied, firewall([`10.0.1.${i}`], 200 + i), { keepStrays: true }).applied;
    }
    expect(applied[4].strays.size).toBeGreaterThan(0);
    expect(planChange(applied, firewall(['10.0.1.4'], 204)).steps).toEqual([
      { kind: 'sets', lines: [...applied[4].strays.keys()].map((name) => `destroy ${name}`) },
    ]);
    expect(withoutStrays(applied, new Set(applied[4].strays.keys()))[4].strays.size).toBe(0);
  });
});

describe('members', () => {
  const { applied } = planChange(nothingApplied, firewall(['10.0.0.1', '10.0.0.2']));

  it.each([
    ['that only come are added in place', ['10.0.0.1', '10.0.0.2', '10.0.0.3'], [`add ${set}-a 10.0.0.3`]],
    ['that only go are removed in place', ['10.0.0.2'], [`del ${set}-a 10.0.0.1`]],
    ['that are the same are left alone', ['10.0.0.2', '10.0.0.1'], []],
  ])('%s', (_, members, lines) => {
    expect(linesOf(applied, firewall(members))).toEqual(lines);
  });

  it('that come and go are made ready in another place', () => {
    const lines = linesOf(applied, firewall(['10.0.0.1', '10.0.0.3']));
    expect(lines.slice(0, 3)).toEqual([
      `create ${set}-b hash:ip family inet maxelem 65536`,
      `add ${set}-b 10.0.0.1`,
      `add ${set}-b 10.0.0.3`,
    ]);
    expect(lines).toContain(`-A PC-GI-1 -p tcp -m tcp --dport 80 -m set --match-set ${set}-b src -g PC-ALLOW`);
  });
});

describe('a set of another type under one of our names', () => {
  const saved = {
    ipv4: `*filter\n:FORWARD ACCEPT [0:0]\n:PC-GI-1 - [0:0]\n-A FORWARD -j PC-GI-1\n-A PC-GI-1 -p tcp -m tcp --dport 80 -m set --match-set ${set}-a src -g PC-ALLOW\nCOMMIT\n`,
    ipv6: '',
    sets: `create ${set}-a hash:net family inet hashsize 1024 maxelem 65536\nadd ${set}-a 10.0.0.0/8\n`,
  };

  it('is not taken for ours: the rules are led to one that is', () => {
    const lines = linesOf(readApplied(saved), firewall(['10.0.0.1']));
    expect(lines).toContain(`create ${set}-b hash:ip family inet maxelem 65536`);
    expect(lines).toContain(`-A PC-GI-1 -p tcp -m tcp --dport 80 -m set --match-set ${set}-b src -g PC-ALLOW`);
  });
});

describe('taking everything out', () => {
  it('removes chains and jumps and leaves the sets', () => {
    const { applied } = planChange(nothingApplied, firewall(['10.0.0.1']));
    const misplaced = [{ table: 'filter', chain: 'OUTPUT', rule: '-j PC-GI-1' }] as const;
    const { steps } = planRemoval({ ...applied, 4: { ...applied[4], misplaced } });
    expect(steps).toEqual([
      {
        kind: 'rules',
        family: 4,
        text: `*filter\n:PC-GI-1 - [0:0]\n-D FORWARD ${forwardHook}\n-D OUTPUT -j PC-GI-1\n-X PC-GI-1\nCOMMIT\n`,
      },
    ]);
  });
});

describe('the difference of two states', () => {
  const before = planChange(nothingApplied, firewall(['10.0.0.1', '10.0.0.2'])).applied;

  it('is empty between a state and itself', () => {
    expect(diffApplied(before, before)).toEqual({ rules: [], sets: [] });
  });

  it('names what came, what went, and where', () => {
    const after = planChange(before, firewall(['10.0.0.2', '10.0.0.3'], 81), { keepStrays: true }).applied;
    expect(diffApplied(before, after)).toEqual({
      rules: [
        expect.objectContaining({
          kind: 'removed',
          chain: 'PC-GI-1',
          position: 1,
          rule: expect.stringContaining(`--dport 80 -m set --match-set ${set}-a`),
        }),
        expect.objectContaining({
          kind: 'added',
          chain: 'PC-GI-1',
          position: 1,
          rule: expect.stringContaining(`--dport 81 -m set --match-set ${set}-b`),
        }),
      ],
      sets: [
        { family: 4, set: `${set}-b`, kind: 'added', member: '' },
        { family: 4, set: `${set}-b`, kind: 'added', member: '10.0.0.2' },
        { family: 4, set: `${set}-b`, kind: 'added', member: '10.0.0.3' },
      ],
    });
  });
});
