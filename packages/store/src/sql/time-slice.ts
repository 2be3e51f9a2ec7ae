import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest time something runs before other work of the process gets its turn, in milliseconds. */
const maxSliceMs = 5;

/** Long work that does not wait for anything, and asks now and then whether others have waited long enough. */
export class TimeSlice {
  #beganAt = performance.now();

  async giveWay(): Promise<void> {
    if (performance.now() - this.#beganAt < maxSliceMs) return;
    await nextTurn();
    this.#beganAt = performance.now();
  }
}
