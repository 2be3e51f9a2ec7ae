import { readFileSync } from 'node:fs';
import { type Applied, planChange, readApplied, type SavedKernel, type Step } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { SimulatedFirewall } from '@portcullis/testing';
import { describe, expect, it } from 'vitest';
import { scenario, statedFlows } from './corpus.js';
import { isAllowed, passes, runSimulated } from './judges.js';
import { frameOf, portsAt, stateOf } from './worlds.js';

/** What an older version left in a kernel for this state, as the tools print it. */
const state = scenario(
  'what an older version has in force',
  {
    web: { nics: ['n2', 'n3', 'n4'], rules: ['in tcp 80', 'in tcp 443 group db', 'out tcp 80-90', 'out udp 53'] },
    db: { nics: ['n3', 'n5'], rules: ['in tcp 5432 group web', 'in icmp', 'out all cidr 10.0.0.0/24'] },
  },
  [
    'n2 > n3 tcp/80 = pass',
    'n2 > n3 tcp/81 = drop',
    'n2 > n3 tcp/443 = drop',
    'n3 > n2 tcp/80 = pass',
    'n4 > n5 tcp/5432 = drop',
    'n5 > n4 tcp/80 v4 = pass',
    'n5 > n4 tcp/80 v6 = drop',
    'n2(address) > n3 tcp/80 = drop',
    'n2(mac) > n3 tcp/80 = drop',
    'n3(address) > n2 tcp/80 = pass',
    'out > n3 echo = pass',
    'out > n2 tcp/80 = pass',
    'out > n2 tcp/81 = drop',
    'n0 > out tcp/81 = pass',
  ],
  { nics: { n2: { antiSpoofing: true }, n5: { antiSpoofing: true } } },
);

function saved(layout: string): SavedKernel {
  const read = (what: string) => readFileSync(new URL(`layouts/${layout}.${what}.txt`, import.meta.url), 'utf8');
  return { ipv4: read('ipv4'), ipv6: read('ipv6'), sets: read('sets') };
}

/** What changes at once: a line for sets, or one table. */
function smallest(steps: readonly Step[]): Step[] {
  return steps.flatMap((step): Step[] =>
    step.kind === 'sets'
      ? step.lines.map((line) => ({ ...step, lines: [line] }))
      : step.text.split(/(?<=COMMIT\n)/).map((text) => ({ ...step, text })),
  );
}

describe.each(['trees-of-names'])('an upgrade from the layout %s', (layout) => {
  const kernel = saved(layout);
  const planFrom = (applied: Applied) => planChange(applied, new FirewallRenderer().render(stateOf(state.cloud)));

  it('E5 E7 changes rules alone, and on the way no verdict', () => {
    const firewall = new SimulatedFirewall(kernel);
    const isUnderWay = (flow: ReturnType<typeof statedFlows>[number]['flow']) => {
      const ports = portsAt(state.cloud, flow);
      return firewall.judge(frameOf(flow), { ...ports, state: 'established' }).verdict === 'accept';
    };
    const stated = statedFlows(state);
    const established = stated.map(({ flow }) => isUnderWay(flow));
    expect(new Set(established)).toEqual(new Set([true, false]));
    const { steps } = planFrom(readApplied(kernel));
    expect(new Set(steps.map(({ kind }) => kind))).toEqual(new Set(['rules']));
    for (const step of [{ kind: 'sets', lines: [] } as const, ...smallest(steps)]) {
      runSimulated(firewall, step);
      stated.forEach(({ flow, allowed }, i) => {
        expect(isAllowed(state.cloud, flow)).toBe(allowed);
        expect(passes(firewall, state.cloud, flow), `${JSON.stringify(flow.packet)} ${JSON.stringify(step)}`).toBe(
          allowed,
        );
        expect(isUnderWay(flow)).toBe(established[i]);
      });
    }
  });

  it('leaves nothing of the old one, and nothing more to do', () => {
    const plan = planFrom(readApplied(kernel));
    expect(planFrom(plan.applied).steps).toEqual([]);
    const wanted = new FirewallRenderer().render(stateOf(state.cloud));
    for (const family of [4, 6] as const) expect(plan.applied[family].chains).toEqual(wanted[family].chains);
  });
});
