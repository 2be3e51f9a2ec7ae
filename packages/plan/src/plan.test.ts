import type { Chain, Firewall, FrameFilter } from '@portcullis/ruleset';
import { describe, expect, it } from 'vitest';
import { type Applied, nothingApplied, readApplied } from './applied.js';
import { diffApplied } from './diff-applied.js';
import { planChange } from './plan.js';
import { planRemoval, withoutStrays } from './removal.js';

const set = 'pc-4-0123456789abcdef';
const forwardHook = '-j PC-FORWARD';
const nothing = { hooks: [], chains: new Map(), sets: new Map(), ruleIds: new Map() };
const frames: FrameFilter = { chains: new Map() };

/** One chain that names one set; `port` tells two versions of the rule apart. */
function firewall(members: string[], port = 80): Firewall {
  const rule = `-p tcp -m tcp --dport ${port} -m set --match-set ${set} src -g PC-ALLOW`;
  const chain: Chain = { table: 'filter', name: 'PC-GI-1', rules: [rule] };
  const hooks = [{ table: 'filter', chain: 'FORWARD', rule: forwardHook }] as const;
  const sets = new Map([[set, new Set(members)]]);
  return { 4: { ...nothing, hooks, chains: new Map([[chain.name, chain]]), sets }, 6: nothing, frames };
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

  it('that are read from the kernel are compared once: then what is desired stands for them', () => {
    const desired = firewall(['10.0.0.1', '10.0.0.2']);
    const sets = new Map([[set, { slot: 'a', capacity: 65_536, members: new Set(['10.0.0.2', '10.0.0.1']) }]] as const);
    const plan = planChange({ ...applied, 4: { ...applied[4], sets } }, desired);
    expect(plan.steps).toEqual([]);
    expect(plan.applied[4].sets.get(set)?.members).toBe(desired[4].sets.get(set));
  });

  it('that come and go, while nothing else changes, are made ready in another place and swapped: no rule changes', () => {
    const plan = planChange(applied, firewall(['10.0.0.1', '10.0.0.3']), { keepStrays: true });
    expect(plan.steps).toEqual([
      {
        kind: 'sets',
        lines: [`create ${set}-b hash:ip family inet maxelem 65536`, `add ${set}-b 10.0.0.1`, `add ${set}-b 10.0.0.3`],
      },
      { kind: 'sets', lines: [`swap ${set}-b ${set}-a`] },
    ]);
    expect(plan.applied[4].sets.get(set)?.slot).toBe('a');
    expect(plan.applied[4].strays).toEqual(new Map([[`${set}-b`, new Set(['10.0.0.1', '10.0.0.2'])]]));
    expect(plan.diff.sets).toEqual([
      { family: 4, set: `${set}-b`, kind: 'added', member: '' },
      { family: 4, set: `${set}-b`, kind: 'added', member: '10.0.0.1' },
      { family: 4, set: `${set}-b`, kind: 'added', member: '10.0.0.2' },
      { family: 4, set: `${set}-a`, kind: 'added', member: '10.0.0.3' },
      { family: 4, set: `${set}-a`, kind: 'removed', member: '10.0.0.2' },
    ]);
  });

  it('that come and go are not swapped where chains are written anew: the kernel may have refused to', () => {
    const { steps } = planChange(applied, firewall(['10.0.0.3']), { rewriteChains: true });
    expect(steps.map(({ kind }) => kind)).toEqual(['sets', 'rules', 'sets']);
  });

  it('that come and go while a rule changes are made ready in another place, where the rules take them up', () => {
    const lines = linesOf(applied, firewall(['10.0.0.1', '10.0.0.3'], 81));
    expect(lines.slice(0, 3)).toEqual([
      `create ${set}-b hash:ip family inet maxelem 65536`,
      `add ${set}-b 10.0.0.1`,
      `add ${set}-b 10.0.0.3`,
    ]);
    expect(lines).toContain(`-A PC-GI-1 -p tcp -m tcp --dport 81 -m set --match-set ${set}-b src -g PC-ALLOW`);
  });
});

describe('an address group', () => {
  const networks = 'pc-4n-0123456789abcdef';
  const named = (members: string[], port = 80): Firewall => {
    const rule = `-p tcp -m tcp --dport ${port} -m set --match-set ${networks} src -m set --match-set ${set} src -g PC-ALLOW`;
    const chain: Chain = { table: 'filter', name: 'PC-GI-1', rules: [rule] };
    const sets = new Map([
      [networks, new Set(members)],
      [set, new Set(['10.0.0.1'])],
    ]);
    return { 4: { ...nothing, chains: new Map([[chain.name, chain]]), sets }, 6: nothing, frames };
  };
  const { applied, steps } = planChange(nothingApplied, named(['10.0.0.0/8', '192.0.2.1']));

  it('E2 is a set of networks, made before a rule names it', () => {
    expect(steps[0]).toEqual({
      kind: 'sets',
      lines: [
        `create ${networks}-a hash:net family inet maxelem 65536`,
        `add ${networks}-a 10.0.0.0/8`,
        `add ${networks}-a 192.0.2.1`,
        `create ${set}-a hash:ip family inet maxelem 65536`,
        `add ${set}-a 10.0.0.1`,
      ],
    });
  });

  it.each([
    ['that gets CIDRs', ['10.0.0.0/8', '192.0.2.1', '0.0.0.0/1']],
    ['that loses CIDRs', ['10.0.0.0/8']],
    ['that gets and loses CIDRs', ['192.0.2.0/24']],
  ])('%s changes no rule', (_, members) => {
    for (const step of planChange(applied, named(members)).steps) expect(step.kind).toBe('sets');
  });

  it('E2 E5 takes the place of a CIDR in one step, after its set was made, which goes after no rule names it', () => {
    const chain: Chain = { table: 'filter', name: 'PC-GI-1', rules: ['-s 10.0.0.0/8 -g PC-ALLOW'] };
    const before: Firewall = { 4: { ...nothing, chains: new Map([[chain.name, chain]]) }, 6: nothing, frames };
    const there = planChange(planChange(nothingApplied, before).applied, named(['10.0.0.0/8']));
    expect(there.steps.map(({ kind }) => kind)).toEqual(['sets', 'rules']);
    const back = planChange(there.applied, before).steps;
    expect(back.map(({ kind }) => kind)).toEqual(['rules', 'sets']);
    expect(back.at(-1)).toEqual({ kind: 'sets', lines: [`destroy ${networks}-a`, `destroy ${set}-a`] });
  });

  it('is larger before it is full', () => {
    const many = Array.from({ length: 70_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    const [first] = planChange(applied, named(many)).steps;
    expect(first).toMatchObject({
      lines: expect.arrayContaining([`create ${networks}-b hash:net family inet maxelem 262144`]),
    });
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

describe('a jump to our chains', () => {
  const { applied } = planChange(nothingApplied, firewall(['10.0.0.1']));
  const other = '-m conntrack ! --ctstate RELATED,ESTABLISHED -j PC-FORWARD';
  const desired = firewall(['10.0.0.1']);
  const hooks = [{ table: 'filter', chain: 'FORWARD', rule: other }] as const;

  it('of another form takes the place of the one that is there, in one commit', () => {
    const plan = planChange(applied, { ...desired, 4: { ...desired[4], hooks } });
    expect(plan.steps).toEqual([
      {
        kind: 'rules',
        family: 4,
        text: `*filter\n-D FORWARD ${forwardHook}\n-I FORWARD 1 ${other}\nCOMMIT\n`,
      },
    ]);
    const place = { family: 4, table: 'filter', chain: 'FORWARD', position: 1 } as const;
    const changes = [
      { ...place, kind: 'removed', rule: forwardHook },
      { ...place, kind: 'added', rule: other },
    ];
    expect(plan.diff.rules).toEqual(changes);
    expect(diffApplied(applied, plan.applied).rules).toEqual(changes);
  });

  it('that stands behind a rule of others is put before it', () => {
    const ipv4 = `*filter\n:FORWARD ACCEPT [0:0]\n:PC-GI-1 - [0:0]\n-A FORWARD -j DROP\n-A FORWARD ${other}\nCOMMIT\n`;
    const plan = planChange(readApplied({ ipv4, ipv6: '', sets: '' }), { ...desired, 4: { ...desired[4], hooks } });
    expect(plan.diff.rules.filter(({ chain }) => chain === 'FORWARD').map(({ kind }) => kind)).toEqual([
      'removed',
      'added',
    ]);
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
