import {
  type Flow,
  type FlowEnd,
  FlowEnds,
  type FlowFate,
  type FlowKey,
  flowFate,
  type HostState,
  mayRevoke,
} from '@portcullis/compile';
import type { Applied } from '@portcullis/plan';
import {
  flowElements,
  parseFlowElement,
  type RevokedAtEnd,
  type RevokedFlows,
  revokedSetName,
  zoneDomains,
} from '@portcullis/ruleset';
import { emptyState } from '../desired/desired.js';
import type { KernelTools } from '../kernel/kernel-tools.js';
import { FlowsByEnd } from './flows-by-end.js';
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
  /** The state that denies all of them; undefined where no one is known to. */
  #deniedIn: HostState | undefined;
  #hasNews = false;
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
    return this.#revoked !== undefined && this.#revoked.length > 0;
  }

  /** Whether the last look has found flows that are to be stopped, or not to be any more. */
  get hasNews(): boolean {
    return this.#hasNews;
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

  /** Whether a state may allow flows that no state before has allowed. */
  mayGrant(state: HostState): boolean {
    return this.#before.length > 0 && this.#before.some((before) => mayRevoke(state, before));
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
    this.#keep(state, this.#revoked ?? heldIn(applied, state), (end, flow) => isDenied(state, end, flow));
    return this.#revoked ?? [];
  }

  /**
   * The same before flows are looked at: what an end allows again stays stopped as long as it is not known whether the state
   * revokes it at its other end.
   */
  holding(state: HostState, applied: Applied): RevokedFlows {
    let ends: FlowEnds | undefined;
    this.#keep(state, this.#revoked ?? heldIn(applied, state), (end, flow) => {
      ends ??= new FlowEnds(state.nics);
      return [end, ...ends.of(end.nic.routingDomain, flow)].some((each) => isDenied(state, each, flow));
    });
    // All that is known is that the state before denied them.
    if (ends !== undefined) this.#deniedIn = undefined;
    return this.#revoked ?? [];
  }

  /** Looks at all tracked flows, and stops those that were allowed before and are not in this state. */
  async revoke(state: HostState): Promise<void> {
    const found = new FlowsByEnd();
    const fates = new Map<string, FlowFate>();
    let ends: FlowEnds | undefined;
    await this.#readFlows(state, (zone, flow) => {
      const { source, destination, protocol, port } = flow;
      ends ??= new FlowEnds(state.nics);
      for (const end of ends.of(zone, flow)) {
        const key = `${end.direction} ${end.nic.id} ${source} ${protocol} ${port} ${destination}`;
        const known = fates.get(key);
        // Traffic that is essential by its source port is not to be hurt by what else goes to the same port.
        if (known === 'allowed' || (known !== undefined && !isOfDhcp(flow))) continue;
        const fate = flowFate(this.#before, state, end, flow);
        fates.set(key, fate);
        const [element = ''] = flowElements(flow);
        const own = found.at(end.direction, end.nic.id);
        if (fate === 'revoked') own.set(element, { source, destination, protocol, port });
        else if (known === 'revoked' && fate === 'allowed') own.delete(element);
      }
    });
    this.#leftOut = 0;
    const held = countOf(this.#revoked ?? []);
    this.#keep(state, this.#revoked ?? [], (end, flow) => isDenied(state, end, flow));
    const revoked = new FlowsByEnd(this.#revoked);
    const known = countOf(revoked.all);
    let count = known;
    for (const { direction, nic, flows } of found.all) {
      const own = revoked.at(direction, nic);
      for (const [element, key] of flows) {
        if (own.has(element)) continue;
        count += 1;
        if (count <= this.#maxRevoked) own.set(element, key);
        else this.#leftOut += 1;
      }
    }
    this.#hasNews = count > known || known < held;
    this.#revoked = revoked.all;
  }

  /** Forgets flows that nobody tracks any more. */
  async forget(state: HostState): Promise<void> {
    const stopped = new Set((this.#revoked ?? []).flatMap(({ flows }) => [...flows.keys()]));
    const tracked = new Set<string>();
    await this.#readFlows(state, (_, flow) => {
      const [element = ''] = flowElements(flow);
      if (stopped.has(element)) tracked.add(element);
    });
    this.#revoked = filtered(this.#revoked ?? [], (_end, _key, element) => tracked.has(element));
  }

  /** Of what is stopped, what is to stay so. */
  #keep(state: HostState, revoked: RevokedFlows, isToStay: (end: FlowEnd, flow: Flow) => boolean): void {
    this.#revoked = revoked;
    // What the way back would take from nobody, the way here has given to nobody. As a rule there is nothing to look at.
    if (revoked.length > 0 && (this.#deniedIn === undefined || mayRevoke(state, this.#deniedIn))) {
      this.#revoked = filtered(revoked, ({ nic: id, direction }, key) => {
        const nic = state.nics.get(id);
        return nic !== undefined && isToStay({ nic, direction }, { ...key, sourcePort: 0 });
      });
    }
    this.#deniedIn = state;
  }

  async #readFlows(state: HostState, take: (zone: string, flow: TrackedFlow) => void): Promise<void> {
    let zones: ReturnType<typeof zoneDomains> | undefined;
    await this.#tools.readFlows((line) => {
      const flow = parseTrackedFlow(line);
      // The list has been asked for by then: nothing is done before it that can be done while the kernel makes it.
      zones ??= zoneDomains(state.nics.values());
      const zone = flow && zones.get(flow.zone);
      if (flow !== undefined && zone !== undefined) take(zone, flow);
    });
  }
}

/** What a process before this one has stopped. */
function heldIn(applied: Applied, { nics }: HostState): RevokedFlows {
  const held = new FlowsByEnd();
  for (const nic of nics.keys()) {
    for (const direction of ['ingress', 'egress'] as const) {
      for (const family of [4, 6] as const) {
        for (const element of applied[family].sets.get(revokedSetName(direction, nic, family))?.members ?? []) {
          const key = parseFlowElement(element);
          if (key !== undefined) held.at(direction, nic).set(element, key);
        }
      }
    }
  }
  return held.all;
}

function filtered(
  revoked: RevokedFlows,
  keep: (end: RevokedAtEnd, key: FlowKey, element: string) => boolean,
): RevokedFlows {
  const kept = revoked.map((end) => {
    const flows = new Map([...end.flows].filter(([element, key]) => keep(end, key, element)));
    return flows.size === end.flows.size ? end : { ...end, flows };
  });
  return kept.filter(({ flows }) => flows.size > 0);
}

function countOf(revoked: RevokedFlows): number {
  return revoked.reduce((sum, { flows }) => sum + flows.size, 0);
}

function isDenied(state: HostState, end: FlowEnd, flow: Flow): boolean {
  return flowFate([], state, end, flow) !== 'allowed';
}

function isOfDhcp({ protocol, port }: FlowKey): boolean {
  return protocol === 17 && [67, 68, 546, 547].includes(port);
}
