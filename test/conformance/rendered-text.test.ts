import type { Cloud } from '@portcullis/compile';
import { type Applied, nothingApplied, planChange } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import type { SimulatedFirewall } from '@portcullis/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAllowed, passes, runSimulated, simulatedHost, smallest } from './judges.js';
import { cloud, flowIn, stateOf } from './worlds.js';

const renderer = new FirewallRenderer();

/** Brings a simulated kernel from one state to the next. */
function apply(firewall: SimulatedFirewall, applied: Applied, at: Cloud): Applied {
  const plan = planChange(applied, renderer.render(stateOf(at)));
  for (const step of plan.steps) runSimulated(firewall, step);
  return plan.applied;
}

function statesFrom(first: Cloud, others: readonly { at: Cloud; isOnlyAddressGroups: boolean }[]): Cloud[] {
  const states = [first];
  for (const { at, isOnlyAddressGroups } of others) {
    const before = states.at(-1) ?? first;
    states.push(isOnlyAddressGroups ? { ...before, addressGroups: at.addressGroups } : at);
  }
  return states;
}

describe('the rendered rules', () => {
  it('judge every packet as the reference does', () => {
    const situation = cloud.chain((at) =>
      fc.record({ at: fc.constant(at), flows: fc.array(flowIn(at), { minLength: 30, maxLength: 60 }) }),
    );
    fc.assert(
      fc.property(situation, ({ at, flows }) => {
        const firewall = simulatedHost();
        apply(firewall, nothingApplied, at);
        for (const flow of flows) expect(passes(firewall, at, flow), JSON.stringify(flow)).toBe(isAllowed(at, flow));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the plan', () => {
  /** Of a next state everything differs, or nothing but its address groups. */
  const next = fc.record({ at: cloud, isOnlyAddressGroups: fc.boolean() });
  const history = fc.tuple(cloud, fc.array(next, { minLength: 1, maxLength: 3 })).chain(([first, others]) =>
    fc.record({
      states: fc.constant(statesFrom(first, others)),
      flows: fc.array(flowIn(first), { minLength: 20, maxLength: 40 }),
    }),
  );

  it('leads to what rendering anew gives, and to nothing more to do', () => {
    fc.assert(
      fc.property(history, ({ states, flows }) => {
        const firewall = simulatedHost();
        let applied = nothingApplied;
        for (const at of states) {
          applied = apply(firewall, applied, at);
          expect(planChange(applied, renderer.render(stateOf(at))).steps).toEqual([]);
          for (const flow of flows) expect(passes(firewall, at, flow)).toBe(isAllowed(at, flow));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('E5 opens on the way nothing that both states deny, and breaks nothing that both allow', () => {
    fc.assert(
      fc.property(history, ({ states, flows }) => {
        const [first, second] = [states[0], states.at(-1)];
        if (!first || !second) return;
        // The NICs stay where they are: a packet takes the same way before and after.
        const next = { ...second, bindings: first.bindings };
        const firewall = simulatedHost();
        const applied = apply(firewall, nothingApplied, first);
        const before = flows.map((flow) => passes(firewall, first, flow));
        const plan = planChange(applied, renderer.render(stateOf(next)));
        const after = flows.map((flow) => isAllowed(next, flow));
        for (const step of smallest(plan.steps)) {
          runSimulated(firewall, step);
          flows.forEach((flow, i) => {
            if (before[i] === after[i]) expect(passes(firewall, first, flow), JSON.stringify(flow)).toBe(before[i]);
          });
        }
      }),
      { numRuns: 100 },
    );
  });

  it('reports a diff that replays to the chains and sets of the kernel', () => {
    fc.assert(
      fc.property(history, ({ states }) => {
        const chains = new Map<string, string[]>();
        const sets = new Map<string, Set<string>>();
        let applied = nothingApplied;
        let fresh = nothingApplied;
        for (const at of states) {
          const plan = planChange(applied, renderer.render(stateOf(at)));
          applied = plan.applied;
          fresh = planChange(nothingApplied, renderer.render(stateOf(at))).applied;
          for (const { family, table, chain, kind, rule, position } of plan.diff.rules) {
            const key = `${family} ${table} ${chain}`;
            const rules = chains.get(key) ?? [];
            if (rule === '' && kind === 'removed') chains.delete(key);
            else if (rule === '') chains.set(key, []);
            else if (kind === 'added') chains.set(key, rules.toSpliced(position - 1, 0, rule));
            else {
              expect(rules[position - 1]).toBe(rule);
              chains.set(key, rules.toSpliced(position - 1, 1));
            }
          }
          for (const { set, kind, member } of plan.diff.sets) {
            if (member !== '') sets.get(set)?.[kind === 'added' ? 'add' : 'delete'](member);
            else if (kind === 'added') sets.set(set, new Set());
            else sets.delete(set);
          }
        }
        for (const family of [4, 6] as const) {
          for (const { table, name, rules } of fresh[family].chains.values()) {
            const replayed = chains.get(`${family} ${table} ${name}`);
            expect(replayed?.map((rule) => rule.replaceAll(/-[ab](?= src| dst)/g, ''))).toEqual(rules);
          }
        }
        const ours = [4, 6].flatMap((family) => [...applied[family as 4 | 6].sets]);
        expect(sets.size).toBe(ours.length);
        for (const [name, { slot, members }] of ours) expect(sets.get(`${name}-${slot}`)).toEqual(members);
      }),
      { numRuns: 100 },
    );
  });
});
