/** Lets one loop sleep until it is woken, its time has come, or it is told to end. */
export class Wake {
  #isWoken = false;
  #resolve: (() => void) | undefined;

  /** Ends the sleep; one that is not asleep does not fall asleep the next time. */
  wake(): void {
    this.#isWoken = true;
    this.#resolve?.();
  }

  async sleep(longestMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#isWoken && !signal.aborted && longestMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, longestMs);
        this.#resolve = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.#resolve, { once: true });
      }).finally(() => {
        if (this.#resolve) signal.removeEventListener('abort', this.#resolve);
        this.#resolve = undefined;
      });
    }
    this.#isWoken = false;
  }
}
