import type { HostState } from '@portcullis/compile';
import { planChange, readApplied, type Step } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { createLogger } from '@portcullis/runtime';
import { type Packet, SimulatedFirewall, type Situation } from '@portcullis/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyState } from '../desired/desired.js';
import { createKernelLab, isRoot, type KernelLab } from '../fixtures/kernel-lab.js';
import { largeState } from '../fixtures/large-state.js';
import { randomStates } from '../fixtures/random-state.js';
import { backends, type KernelTools, type RunOptions } from '../kernel/kernel-tools.js';
import { SessionTools } from '../kernel/session-tools.js';
import { Enforcement } from './enforcement.js';

const log = createLogger('enforcement', { level: 'silent' });
const desired = (state: HostState) => ({ generation: { policy: 1, inventory: 1 }, state, unreadable: new Map() });
const renderer = new FirewallRenderer();

const states = randomStates(60, 5).filter(({ nics, memberSets }) => nics.size > 3 && memberSets.size > 0);
const [first, second] = states as [HostState, HostState];
const open = (port: number, ...cidrs: string[]): HostState => {
  const base = largeState({ nicCount: 2, groupCount: 1, rulesPerGroup: 1, memberCount: 1 });
  const addressGroups = new Map([['office', { id: 'office', cidrs: new Set(cidrs) }]]);
  const rule = {
    id: 'r',
    direction: 'ingress',
    active: true,
    protocol: 'tcp',
    ports: { start: port, end: port },
  } as const;
  const rules = [{ ...rule, addressGroup: 'office' }];
  return {
    nics: new Map([...base.nics].map(([id, nic]) => [id, { ...nic, egressOpen: true }])),
    groups: new Map([...base.groups.keys()].map((id) => [id, { id, rules }])),
    memberSets: new Map(),
    addressGroups,
  };
};
const changes: [string, HostState, HostState][] = [
  ['a first state', emptyState, first],
  ['another state', first, second],
  ['nothing', second, emptyState],
  [
    'other CIDRs of the same address group',
    open(80, '10.0.0.0/24', '10.1.0.0/32', '2001:db8::/32'),
    open(80, '10.1.0.0/31', '192.0.2.0/24', '2001:db8:1::/48'),
  ],
  [
    'another port for other CIDRs',
    open(80, '10.0.0.0/24', '10.1.0.0/32', '2001:db8::/64'),
    open(443, '10.1.0.1/32', '192.0.2.0/24', '2001:db8:1::/48'),
  ],
];

describe.skipIf(!isRoot).each(backends)('an enforcer on iptables-%s that is killed on its way', (backend) => {
  let host: KernelLab;
  let tools: SessionTools;
  beforeEach(async () => {
    host = await createKernelLab();
    tools = new SessionTools(backend, host.launcher);
  });
  afterEach(async () => {
    await tools?.close();
    await host?.lab.destroy();
  });

  const verdicts = async (flows: readonly Flow[]): Promise<boolean[]> => {
    const firewall = new SimulatedFirewall(await tools.read());
    return flows.map(({ packet, situation }) => firewall.judge(packet, situation).verdict === 'accept');
  };

  it.each(changes)(
    'to %s, after any step, comes there, and flips no verdict that both states share',
    async (_, from, to) => {
      const flows = flowsOf(from, to);
      let pieceCount = 0;
      let before: boolean[] = [];
      let after: boolean[] = [];
      const expectBetween = async (where: string) => {
        const now = await verdicts(flows);
        const flipped = flows.filter((_flow, i) => before[i] === after[i] && now[i] !== before[i]);
        expect(flipped, where).toEqual([]);
      };
      const settle = async (state: HostState) => {
        const enforcement = new Enforcement({ tools, log });
        await enforcement.enforce(desired(state));
        const left = async () => {
          await enforcement.destroyStrays();
          return planChange(readApplied(await tools.read()), renderer.render(state)).steps;
        };
        await expect.poll(left, { interval: 5, timeout: 5000 }).toEqual([]);
      };
      await settle(to);
      after = await verdicts(flows);
      await settle(from);
      before = await verdicts(flows);
      // Else there would be nothing to judge.
      expect(before.some((verdict, i) => verdict !== after[i])).toBe(true);
      expect(before.some((verdict, i) => verdict === after[i])).toBe(true);

      for (let isKilled = true; isKilled; pieceCount += 1) {
        const mortal = killedAfter(tools, pieceCount);
        isKilled = await Promise.race([
          mortal.killed,
          new Enforcement({ tools: mortal, log }).enforce(desired(to)).then(() => false),
        ]);
        await expectBetween(`killed after ${pieceCount}`);
        const checked = watching(tools, () => expectBetween(`killed after ${pieceCount}, started again`));
        const again = new Enforcement({ tools: checked, log });
        expect(await again.enforce(desired(to))).toMatchObject({ failed: undefined, closed: [] });
        expect(planChange(readApplied(await tools.read()), renderer.render(to), { keepStrays: true }).steps).toEqual(
          [],
        );
        expect(await verdicts(flows)).toEqual(after);
        await settle(from);
      }
      expect(pieceCount).toBeGreaterThan(3);
    },
  );
});

/** What the kernel changes at once: a line for sets, or one table. */
function piecesOf(step: Step): Step[] {
  if (step.kind === 'sets') return step.lines.map((line) => ({ ...step, lines: [line] }));
  return step.text.split(/(?<=COMMIT\n)/).map((text) => ({ ...step, text }));
}

function delegating(tools: KernelTools, run: KernelTools['run']): KernelTools {
  return {
    backend: tools.backend,
    read: () => tools.read(),
    run,
    destroySets: (names) => tools.destroySets(names),
    countMembers: () => tools.countMembers(),
    countHits: (family, names) => tools.countHits(family, names),
    countMemberHits: (sets) => tools.countMemberHits(sets),
    learningBridges: () => tools.learningBridges(),
    readFlows: (onLine: (line: string) => void) => tools.readFlows(onLine),
    watch: () => undefined,
    close: async () => undefined,
  };
}

/** Tools of an enforcer that is killed once so many pieces have reached the kernel: it never hears of any other. */
function killedAfter(tools: KernelTools, count: number): KernelTools & { readonly killed: Promise<true> } {
  let left = count;
  let kill: (isKilled: true) => void = () => undefined;
  const killed = new Promise<true>((resolve) => {
    kill = resolve;
  });
  let last: Promise<unknown> = Promise.resolve();
  const run = async (step: Step, options?: RunOptions) => {
    for (const piece of piecesOf(step)) {
      const turn = last.then(async () => {
        if (left === 0) {
          kill(true);
          await new Promise(() => undefined);
        }
        left -= 1;
        await tools.run(piece, options);
      });
      last = turn.catch(() => undefined);
      await turn;
    }
  };
  return { ...delegating(tools, run), killed };
}

/** Tools that look at the kernel after each step. */
function watching(tools: KernelTools, look: () => Promise<void>): KernelTools {
  let last: Promise<unknown> = Promise.resolve();
  return delegating(tools, async (step, options) => {
    const turn = last.then(async () => {
      await tools.run(step, options);
      await look();
    });
    last = turn.catch(() => undefined);
    await turn;
  });
}

interface Flow {
  readonly packet: Packet;
  readonly situation: Situation;
}

/** New flows between all NICs of both states, and between each and somebody who is elsewhere. */
function flowsOf(...both: HostState[]): Flow[] {
  const nics = new Map(both.flatMap((state) => [...state.nics.values()].map((nic) => [nic.id, nic] as const)));
  const elsewhere = { mac: '02:00:00:00:0e:0e', interfaceName: 'up0', addresses: ['10.0.0.99', '2001:db8::99'] };
  const ends = [...nics.values(), elsewhere];
  return ends.flatMap((from) =>
    ends
      .filter((to) => to !== from)
      .flatMap((to) =>
        ([4, 6] as const).flatMap((family) => {
          const addressOf = (end: typeof elsewhere | (typeof ends)[number]) =>
            end.addresses.find((address) => address.includes(':') === (family === 6)) ??
            (family === 4 ? '10.0.7.7' : '2001:db8:7::7');
          const addresses = { srcMac: from.mac, dstMac: to.mac, src: addressOf(from), dst: addressOf(to) };
          const situation = {
            physdevIn: from.interfaceName,
            physdevOut: to.interfaceName,
            inInterface: 'br0',
            outInterface: 'br0',
          };
          const packet = { family, ...addresses, srcPort: 40_000, dstPort: 0 };
          return [
            { packet: { ...packet, protocol: 'tcp', dstPort: 80 } as const, situation },
            { packet: { ...packet, protocol: 'tcp', dstPort: 443 } as const, situation },
            { packet: { ...packet, protocol: 'udp', dstPort: 85 } as const, situation },
            { packet: { family, ...addresses, protocol: 'icmp' } as const, situation },
          ];
        }),
      ),
  );
}
