import { readFileSync } from 'node:fs';

/**
 * When this machine dropped frames by itself because the queue of a core was full: whoever filled it, frames of a lab may have
 * been among them.
 *
 * Owns: the last count, and the times between two looks in which it grew.
 */
export class LossWatch {
  readonly #now: () => number;
  readonly #losses: { readonly after: number; readonly before: number }[] = [];
  #count: number;
  #lookedAt: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#count = droppedFrames();
    this.#lookedAt = now();
  }

  look(): void {
    const [count, now] = [droppedFrames(), this.#now()];
    if (count !== this.#count) this.#losses.push({ after: this.#lookedAt, before: now });
    this.#count = count;
    this.#lookedAt = now;
  }

  /** Something was lost since the last look but one. */
  note(): void {
    this.#losses.push({ after: this.#lookedAt - 1000, before: this.#now() });
  }

  mayHaveLost(from: number, to: number): boolean {
    return this.#losses.some(({ after, before }) => after <= to && before >= from);
  }
}

/** The second column of each core's line (Documentation/networking/scaling.rst, net/core/net-procfs.c). */
function droppedFrames(): number {
  const lines = readFileSync('/proc/net/softnet_stat', 'utf8').trim().split('\n');
  return lines.reduce((sum, line) => sum + Number.parseInt(line.split(' ')[1] ?? '0', 16), 0);
}
