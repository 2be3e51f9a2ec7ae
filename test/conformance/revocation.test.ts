import {
  type Cloud,
  type FlowEnd,
  FlowEnds,
  type FlowKey,
  flowFate,
  type HostNic,
  mayRevoke,
  type Flow as TrackedFlow,
} from '@portcullis/compile';
import {
  cidrContains,
  type Direction,
  judge,
  linkLocalAddress,
  type Packet,
  parseAddress,
  parseCidr,
} from '@portcullis/model';
import { nothingApplied, planChange, readApplied } from '@portcullis/plan';
import { FirewallRenderer, flowElements, parseFlowElement } from '@portcullis/ruleset';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulatedHost } from './judges.js';
import { cloud, type Flow, flowIn, frameOf, networks, portsAt, stateOf, worldOf } from './worlds.js';

const zoneOf = ({ from, to }: Flow) =>
  networks.find(({ id }) => id === (from ?? to)?.network)?.routingDomain ?? 'default';

/** What connection tracking keeps of a flow's first packet. */
function trackedOf({ packet: { source, destination, payload }, family }: Flow): TrackedFlow {
  const ends = { source, destination };
  if (payload.protocol === 'icmp') {
    return { ...ends, protocol: family === 4 ? 1 : 58, port: payload.type * 256 + payload.code, sourcePort: 0 };
  }
  if (payload.protocol === 'tcp' || payload.protocol === 'udp') {
    const { destinationPort: port, sourcePort } = payload;
    return { ...ends, protocol: payload.protocol === 'tcp' ? 6 : 17, port, sourcePort };
  }
  return { ...ends, protocol: payload.protocol, port: 0, sourcePort: 0 };
}

/** The verdict of the reference at one end, spoofing apart. */
function isAllowedAt(at: Cloud, { nic, direction }: FlowEnd, packet: Packet): boolean {
  const known = at.nics.get(nic.id);
  const honest = { ...packet, sourceMac: known?.mac ?? '' };
  const world = worldOf({ ...at, nics: new Map([...at.nics].map(([id, n]) => [id, { ...n, antiSpoofing: false }])) });
  return judge(world, nic.id, direction, honest).allowed;
}

/** What a router may use, by a wide CIDR, is not told from what passes it by. */
function mayUse(nic: HostNic, text: string): boolean {
  const address = parseAddress(text);
  const isIn = (cidr: string) => {
    const parsed = parseCidr(cidr);
    const isNarrow = parsed !== undefined && parsed.prefixLength >= (parsed.family === 4 ? 24 : 120);
    return isNarrow && address !== undefined && cidrContains(parsed, address);
  };
  const isOwn = nic.addresses.includes(text) || linkLocalAddress(nic.mac) === text;
  return isOwn || (nic.allowedPairs ?? []).some(({ cidr }) => isIn(cidr));
}

const change = fc.tuple(cloud, cloud).chain(([before, now]) =>
  fc.record({
    before: fc.constant(before),
    // The NICs stay where they are.
    now: fc.constant({ ...now, bindings: before.bindings }),
    flows: fc.array(flowIn(before), { minLength: 30, maxLength: 60 }),
  }),
);

describe('a tracked flow', () => {
  it('concerns the NICs of the host that have its addresses, or may use them, in its routing domain', () => {
    fc.assert(
      fc.property(change, ({ before, flows }) => {
        const { nics } = stateOf(before);
        const ends = new FlowEnds(nics);
        for (const flow of flows) {
          const { source, destination } = flow.packet;
          const holders = (address: string, direction: Direction) =>
            [...nics.values()]
              .filter((nic) => nic.routingDomain === zoneOf(flow) && mayUse(nic, address))
              .map(({ id }) => `${id} ${direction}`);
          const found = ends.of(zoneOf(flow), trackedOf(flow)).map(({ nic, direction }) => `${nic.id} ${direction}`);
          const expected = [...holders(source, 'egress'), ...holders(destination, 'ingress')];
          expect(found.toSorted()).toEqual(expected.toSorted());
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is allowed, or revoked by an end that allowed it, as the reference says, and only a change that may revoke does', () => {
    const fates = new Set<string>();
    fc.assert(
      fc.property(change, ({ before, now, flows }) => {
        const [old, next] = [stateOf(before), stateOf(now)];
        const ends = new FlowEnds(next.nics);
        for (const flow of flows) {
          for (const end of ends.of(zoneOf(flow), trackedOf(flow))) {
            const fate = flowFate([old], next, end, trackedOf(flow));
            const [was, is] = [before, now].map((at) => isAllowedAt(at, end, flow.packet));
            expect([flow, fate]).toEqual([flow, is ? 'allowed' : was ? 'revoked' : 'left']);
            if (fate === 'revoked') expect(mayRevoke(old, next)).toBe(true);
            fates.add(fate);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(fates).toEqual(new Set(['allowed', 'revoked', 'left']));
  });
});

describe('the rendered rules', () => {
  const renderer = new FirewallRenderer();
  const situation = cloud.chain((at) =>
    fc.record({
      at: fc.constant({ ...at, nics: new Map([...at.nics].map(([id, nic]) => [id, { ...nic, antiSpoofing: false }])) }),
      flows: fc.array(flowIn(at), { minLength: 20, maxLength: 40 }),
      chosen: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
    }),
  );

  it('stop exactly the flows that an end of theirs has revoked, in both directions', () => {
    const seen = { stopped: 0, alike: 0 };
    fc.assert(
      fc.property(situation, ({ at, flows, chosen }) => {
        const state = stateOf(at);
        const revoked = [...state.nics.keys()].flatMap((nic, n) =>
          (['ingress', 'egress'] as const).map((direction) => {
            // Flows of this end, or some that as a rule go by others.
            const own = flows.filter(({ from, to }, i) => {
              return chosen[i] && (i % 2 === 0 ? (direction === 'egress' ? from : to)?.id === nic : i % 5 === n);
            });
            const keys = own.map((flow) => trackedOf(flow));
            return { nic, direction, flows: new Map(keys.map((each) => [flowElements(each)[0] ?? '', each])) };
          }),
        );
        const firewall = simulatedHost(planChange(nothingApplied, renderer.render(state, new Set(), revoked)).steps);
        for (const flow of flows) {
          const ports = portsAt(at, flow);
          if (ports === undefined) continue;
          const element = flowElements(trackedOf(flow))[0] ?? '';
          const like = revoked.filter((end) => end.flows.has(element));
          const isRevoked = like.some(
            ({ nic, direction }) => (direction === 'egress' ? flow.from : flow.to)?.id === nic,
          );
          const judgeAs = (direction: 'original' | 'reply') => {
            const frame = direction === 'original' ? frameOf(flow) : frameOf(answerTo(flow));
            const way = direction === 'original' ? ports : { physdevIn: ports.physdevOut, physdevOut: ports.physdevIn };
            return firewall.judge(frame, { ...way, state: 'established', direction }).verdict;
          };
          const expected = isRevoked ? 'drop' : 'accept';
          expect([flow, judgeAs('original'), judgeAs('reply')]).toEqual([flow, expected, expected]);
          if (isRevoked) seen.stopped += 1;
          else if (like.length > 0) seen.alike += 1;
        }
      }),
      { numRuns: 200 },
    );
    expect(Math.min(seen.stopped, seen.alike)).toBeGreaterThan(100);
  });

  it('are planned, read back and taken away again like every other', () => {
    fc.assert(
      fc.property(cloud, fc.array(key, { minLength: 1, maxLength: 20 }), (at, keys) => {
        const state = stateOf(at);
        const flows = new Map(keys.map((each) => [flowElements(each)[0] ?? '', each]));
        const revoked = [...state.nics.keys()].map((nic) => ({ nic, direction: 'egress' as const, flows }));
        const { applied } = planChange(nothingApplied, renderer.render(state, new Set(), revoked));
        for (const each of keys) expect(parseFlowElement(flowElements(each)[0] ?? '')).toEqual(each);
        const calm = planChange(applied, renderer.render(state));
        const anew = planChange(nothingApplied, renderer.render(state));
        expect(calm.applied[4].chains).toEqual(anew.applied[4].chains);
        expect(calm.applied[6].sets.size).toBe(anew.applied[6].sets.size);
        expect(planChange(calm.applied, renderer.render(state)).steps).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

it('a set of flows is read back whatever names of protocols its host has', () => {
  const printed = ['10.0.0.1,6:80,10.0.0.2', '10.0.0.1,icmp:8/3,10.0.0.2', '10.0.0.1,47:0,10.0.0.2'];
  const set = 'pc-4r-0123456789abcdef-a';
  const sets = [
    `create ${set} hash:ip,port,ip family inet maxelem 65536`,
    ...printed.map((each) => `add ${set} ${each}`),
  ];
  const { strays } = readApplied({ ipv4: '', ipv6: '', sets: sets.join('\n') })[4];
  expect([...(strays.get(set) ?? [])]).toEqual([
    '10.0.0.1,tcp:80,10.0.0.2',
    '10.0.0.1,icmp:8/3,10.0.0.2',
    '10.0.0.1,gre:0,10.0.0.2',
  ]);
});

const key: fc.Arbitrary<FlowKey> = fc
  .record({
    family: fc.constantFrom(0, 1),
    what: fc.oneof(
      fc.record({ protocol: fc.constantFrom(6, 17, 132, 136), port: fc.integer({ min: 1, max: 65_535 }) }),
      fc.record({ protocol: fc.constantFrom(2, 47, 50, 89, 200, 254), port: fc.constant(0) }),
      fc.record({ protocol: fc.constant('icmp' as const), type: fc.constantFrom(0, 1), code: fc.nat(255) }),
    ),
    index: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ family, what, index }): FlowKey => {
    const [source, destination] =
      family === 0 ? [`10.0.0.${index}`, '10.0.0.20'] : [`2001:db8::${index}`, '::ffff:1.2.3.4'];
    const ends = { source, destination: destination === '::ffff:1.2.3.4' ? '::ffff:102:304' : destination };
    if (what.protocol !== 'icmp') return { ...ends, protocol: what.protocol, port: what.port };
    const types = family === 0 ? [8, 13] : [128, 139];
    return { ...ends, protocol: family === 0 ? 1 : 58, port: (types[what.type] ?? 0) * 256 + what.code };
  });

/** What the receiver's kernel sends back. */
function answerTo(flow: Flow): Flow {
  const { payload, source, destination } = flow.packet;
  const swapped = { ...flow, from: flow.to, to: flow.from };
  const packet = { ...flow.packet, source: destination, destination: source };
  if (payload.protocol === 'tcp' || payload.protocol === 'udp') {
    const { sourcePort, destinationPort, protocol } = payload;
    return {
      ...swapped,
      packet: { ...packet, payload: { protocol, sourcePort: destinationPort, destinationPort: sourcePort } },
    };
  }
  if (payload.protocol !== 'icmp') return { ...swapped, packet };
  const answers: Record<number, number> = flow.family === 4 ? { 8: 0, 13: 14 } : { 128: 129 };
  const answer = { protocol: 'icmp', type: answers[payload.type] ?? payload.type, code: payload.code } as const;
  return { ...swapped, packet: { ...packet, payload: answers[payload.type] === undefined ? payload : answer } };
}
