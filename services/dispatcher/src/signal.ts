/** Wakes everyone who waits for a change; they look for themselves what it was. */
export class Signal {
  #waiting = new Set<() => void>();

  notify(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  /** Resolves at the next `notify`, or when the signal aborts, whichever comes first. */
  wait(abort: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        abort.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      if (abort.aborted) return resolve();
      abort.addEventListener('abort', done, { once: true });
      this.#waiting.add(done);
    });
  }
}
