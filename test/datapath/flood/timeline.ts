import type { Cloud } from '@portcullis/compile';
import { isAllowed } from '../../conformance/judges.js';
import type { Flow } from '../../conformance/worlds.js';

interface Said {
  readonly cloud: Cloud;
  readonly saidAt: number;
  /** What the reference says of a flow, as far as it was asked. */
  readonly verdicts: Map<Flow, boolean>;
}

/**
 * Which states may have been in force when.
 *
 * Owns: what was said, and when; what was acknowledged, and when.
 * Invariant: a state counts from the moment it is said until a later one is acknowledged.
 */
export class Timeline {
  readonly #states: Said[] = [];
  readonly #inForce: { readonly index: number; readonly at: number }[] = [];

  get length(): number {
    return this.#states.length;
  }

  cloud(index: number): Cloud {
    const state = this.#states[index];
    if (state === undefined) throw new RangeError(`no state ${index}`);
    return state.cloud;
  }

  say(cloud: Cloud, saidAt: number): void {
    this.#states.push({ cloud, saidAt, verdicts: new Map() });
  }

  acknowledge(index: number, at: number): void {
    if (index > (this.#inForce.at(-1)?.index ?? -1)) this.#inForce.push({ index, at });
  }

  /** The first and the last state that may have decided what was sent and judged between two times. */
  between(from: number, to: number): { first: number; last: number } {
    const first = this.#inForce.findLast(({ at }) => at < from)?.index ?? 0;
    return { first, last: this.#states.findLastIndex(({ saidAt }) => saidAt <= to) };
  }

  /** What all these states say of a flow; undefined where they differ. */
  verdict({ first, last }: { first: number; last: number }, flow: Flow): boolean | undefined {
    const verdict = this.#verdictOf(first, flow);
    for (let index = first + 1; index <= last; index += 1) {
      if (this.#verdictOf(index, flow) !== verdict) return undefined;
    }
    return verdict;
  }

  #verdictOf(index: number, flow: Flow): boolean {
    const state = this.#states[index];
    if (state === undefined) throw new RangeError(`no state ${index}`);
    const verdict = state.verdicts.get(flow) ?? isAllowed(state.cloud, flow);
    state.verdicts.set(flow, verdict);
    return verdict;
  }

  /** Forgets verdicts about states that nobody will ask for any more. */
  forgetBefore(index: number): void {
    for (let i = index - 1; i >= 0 && (this.#states[i]?.verdicts.size ?? 0) > 0; i -= 1)
      this.#states[i]?.verdicts.clear();
  }
}
