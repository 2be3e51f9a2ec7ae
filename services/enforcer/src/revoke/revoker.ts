import {
  bridgeDomains,
  FlowEnds,
  type FlowKey,
  flowFate,
  type HostState,
  mayRevoke,
  zoneOfNobody,
} from '@portcullis/compile';
import type { Applied } from '@portcullis/plan';
import { flowElements, parseFlowElement, type RevokedFlows, revokedSetName, zoneDomains } from '@portcullis/ruleset';
import { emptyState } from '../desired/desired.js';
import type { KernelTools } from '../kernel/kernel-tools.js';
import { parseTrackedFlow, type TrackedFlow } from './tracked-flow.js';

export interface RevokerOptions {
  readonly tools: Pick<KernelTools, 'readFlows'>;
  /** The states that may have allowed what flows now; none where nobody knows, so that everything counts as allowed. */
  readonly before: readonly HostState[];
  /** Most flows that are stopped at once. Default: 65 536. */
  readonly maxRevoked?: number;
}

/** States that are remembered while flows cannot be looked at; with more, everything counts as allowed before. */
const maxBefore = 4;

/**
 * Finds the flows that go on although they are no longer allowed.
 *
 * Owns: the flows that are stopped, and the states that may have allowed what flows now.
 * Does not own: the rules that stop them, and when to look. Connection tracking is only read.
 * Invariants: 1. A state is settled once what it revokes is in force; until then a crash, or a failure, forgets nothing of
 * the states before. 2. A flow that is stopped stays so until it is allowed again, or nobody tracks it any more. 3. Where
 * there are too many, that is told, and the state is not settled.
 */
export class Revoker {
  readonly #tools: RevokerOptions['tools'];
  readonly #maxRevoked: number;
  #before: readonly HostState[];
  /** Undefined until the kernel was read. */
  #revoked: RevokedFlows | undefined;
  #hasNew = false;
  #leftOut = 0;

  constructor({ tools, before, maxRevoked = 65_536 }: RevokerOptions) {
    this.#tools = tools;
    this.#before = before;
    this.#maxRevoked = maxRevoked;
  }

  /** The states that may have allowed what flows now, oldest first; one alone is settled. */
  get before(): readonly HostState[] {
    return this.#before;
  }

  get hasRevoked(): boolean {
    return this.#revoked !== undefined && this.#revoked.size > 0;
  }

  /** Whether the last look has found flows to stop that are not stopped yet. */
  get hasNew(): boolean {
    return this.#hasNew;
  }

  /** Flows that are denied and go on, because there are too many. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Whether flows have to be looked at before a state is settled. */
  mayRevoke(state: HostState): boolean {
    if (this.#before.length === 0) return mayRevoke(emptyState, state);
    return this.#before.some((before) => mayRevoke(before, state));
  }

  /** A state is about to be put in force: from then on flows may begin that it allows. */
  begin(state: HostState): void {
    if (this.#before.length === 0 || this.#before.includes(state)) return;
    this.#before = this.#before.length < maxBefore ? [...this.#before, state] : [];
  }

  /** What the state revokes is in force. */
  settle(state: HostState): void {
    this.#before = [state];
  }

  /** The flows that are stopped and that a state still denies. `applied` is what the kernel held when it was first read. */
  standing(state: HostState, applied: Applied): RevokedFlows {
    const revoked = this.#revoked ?? heldIn(applied, state);
    this.#revoked = revoked;
    // As a rule nothing is stopped, and then no change is to pay for an index of all NICs.
    if (revoked.size === 0) return revoked;
    const ends = new FlowEnds(state.nics);
    this.#revoked = filtered(revoked, (zone, key) => {
      return flowFate([], state, ends.of(zone, key), { ...key, sourcePort: 0 }) !== 'allowed';
    });
    return this.#revoked;
  }

  /** Looks at all tracked flows, and stops those that were allowed before and are not in this state. */
  async revoke(state: HostState): Promise<void> {
    const found = new Map<string, Map<string, FlowKey>>();
    const fates = new Map<string, ReturnType<typeof flowFate>>();
    const ends = new FlowEnds(state.nics);
    await this.#readFlows(state, (zone, flow) => {
      const own = ends.of(zone, flow);
      if (own.length === 0) return;
      const { source, destination, protocol, port } = flow;
      const key = `${zone} ${source} ${protocol} ${port} ${destination}`;
      const known = fates.get(key);
      // Traffic that is essential by its source port is not to be hurt by what else goes to the same port.
      if (known === 'allowed' || (known !== undefined && !isOfDhcp(flow))) return;
      const fate = flowFate(this.#before, state, own, flow);
      fates.set(key, fate);
      const [element = ''] = flowElements(flow);
      if (fate === 'revoked') inner(found, zone).set(element, { source, destination, protocol, port });
      else if (known === 'revoked' && fate === 'allowed') inner(found, zone).delete(element);
    });
    this.#leftOut = 0;
    const revoked = new Map([...(this.#revoked ?? [])].map(([zone, flows]) => [zone, new Map(flows)]));
    const known = countOf(revoked);
    let count = known;
    for (const [zone, flows] of found) {
      for (const [element, key] of flows) {
        if (revoked.get(zone)?.has(element)) continue;
        count += 1;
        if (count <= this.#maxRevoked) inner(revoked, zone).set(element, key);
        else this.#leftOut += 1;
      }
    }
    this.#hasNew = count > known;
    this.#revoked = revoked;
  }

  /** Forgets flows that nobody tracks any more. */
  async forget(state: HostState): Promise<void> {
    const tracked = new Set<string>();
    await this.#readFlows(state, (zone, flow) => {
      const [element = ''] = flowElements(flow);
      if (this.#revoked?.get(zone)?.has(element)) tracked.add(`${zone} ${element}`);
    });
    this.#revoked = filtered(this.#revoked ?? new Map(), (zone, _, element) => tracked.has(`${zone} ${element}`));
  }

  async #readFlows(state: HostState, take: (zone: string, flow: TrackedFlow) => void): Promise<void> {
    const zones = zoneDomains(state.nics.values());
    await this.#tools.readFlows((line) => {
      const flow = parseTrackedFlow(line);
      const zone = flow && zones.get(flow.zone);
      if (flow !== undefined && zone !== undefined) take(zone, flow);
    });
  }
}

/** What a process before this one has stopped. */
function heldIn(applied: Applied, { nics }: HostState): RevokedFlows {
  const held = new Map<string, Map<string, FlowKey>>();
  for (const zone of new Set([zoneOfNobody, ...bridgeDomains(nics.values()).values()])) {
    for (const family of [4, 6] as const) {
      for (const element of applied[family].sets.get(revokedSetName(zone, family))?.members ?? []) {
        const key = parseFlowElement(element);
        if (key !== undefined) inner(held, zone).set(element, key);
      }
    }
  }
  return held;
}

function filtered(revoked: RevokedFlows, keep: (zone: string, key: FlowKey, element: string) => boolean): RevokedFlows {
  const kept = [...revoked].map(
    ([zone, flows]) => [zone, new Map([...flows].filter(([element, key]) => keep(zone, key, element)))] as const,
  );
  return new Map(kept.filter(([, flows]) => flows.size > 0));
}

function inner(map: Map<string, Map<string, FlowKey>>, zone: string): Map<string, FlowKey> {
  const found = map.get(zone) ?? new Map<string, FlowKey>();
  map.set(zone, found);
  return found;
}

function countOf(revoked: RevokedFlows): number {
  return [...revoked.values()].reduce((sum, flows) => sum + flows.size, 0);
}

function isOfDhcp({ protocol, port }: FlowKey): boolean {
  return protocol === 17 && [67, 68, 546, 547].includes(port);
}
