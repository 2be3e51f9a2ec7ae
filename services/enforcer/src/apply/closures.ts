import type { HostGroup, HostNic, HostState } from '@portcullis/compile';
import type { NicFailure } from '../desired/admission.js';

interface Closure {
  readonly failure: NicFailure;
  /** What the kernel refused: another attempt is made as soon as one of these is not the same any more. */
  readonly causes: Causes;
  readonly attemptCount: number;
  readonly retryAt: number;
}

const firstPauseMs = 1000;
const longestPauseMs = 60_000;

/**
 * NICs that are closed because the kernel refused something of theirs.
 *
 * Owns: which, why, and when they are tried again.
 * Invariants: 1. A NIC stays closed until the kernel takes what is meant for it. 2. Another attempt is made when its own
 * objects have changed, or after a pause that doubles each time up to a minute.
 */
export class Closures {
  readonly #closed = new Map<string, Closure>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The NICs to keep closed while this state is applied; all others are tried. */
  inForce(state: HostState): NicFailure[] {
    return [...this.#closed.values()].filter((closure) => !this.#isDue(closure, state)).map(({ failure }) => failure);
  }

  /** Takes in what an attempt has shown: who was kept closed, and whom the kernel refused. All others are open. */
  settle(state: HostState, { kept, refused }: { kept: readonly NicFailure[]; refused: readonly NicFailure[] }): void {
    const stillClosed = new Set([...kept, ...refused].map(({ nic }) => nic));
    for (const nic of this.#closed.keys()) if (!stillClosed.has(nic)) this.#closed.delete(nic);
    for (const failure of refused) {
      const causes = causesOf(failure.nic, state);
      const before = this.#closed.get(failure.nic);
      const attemptCount = before !== undefined && isSame(before.causes, causes) ? before.attemptCount + 1 : 1;
      const pauseMs = Math.min(firstPauseMs * 2 ** (attemptCount - 1), longestPauseMs);
      this.#closed.set(failure.nic, { failure, causes, attemptCount, retryAt: this.#now() + pauseMs });
    }
  }

  /** When the next one is to be tried again; undefined where none is closed. */
  get nextRetryAt(): number | undefined {
    const times = [...this.#closed.values()].map(({ retryAt }) => retryAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #isDue({ failure, causes, retryAt }: Closure, state: HostState): boolean {
    return retryAt <= this.#now() || !isSame(causes, causesOf(failure.nic, state));
  }
}

type Causes = readonly (HostNic | HostGroup | undefined)[];

function isSame(left: Causes, right: Causes): boolean {
  return left.length === right.length && left.every((cause, i) => cause === right[i]);
}

function causesOf(id: string, state: HostState): Causes {
  const nic = state.nics.get(id);
  return [nic, ...(nic?.groups ?? []).map((group) => state.groups.get(group))];
}
