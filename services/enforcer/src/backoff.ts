/**
 * Pauses between attempts that fail one after the other: each is twice as long as the one before, up to a longest.
 *
 * Owns: how many have failed. Does not own: when the next one is made (Schedule).
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #failures = 0;

  constructor({ firstMs, longestMs }: { firstMs: number; longestMs: number }) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
  }

  /** Whether the last attempt has failed. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** An attempt has failed: milliseconds until the next one. */
  fail(): number {
    const pauseMs = Math.min(this.#firstMs * 2 ** Math.min(this.#failures, 20), this.#longestMs);
    this.#failures += 1;
    return pauseMs;
  }

  succeed(): void {
    this.#failures = 0;
  }
}
