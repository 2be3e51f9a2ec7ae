/** Events a subscriber may fall behind before it is let go. */
const maxBehind = 10_000;

/** Tells every subscriber every event; one that does not keep up is ended rather than let to grow. */
export class Broadcast<Event> {
  readonly #subscribers = new Set<(event: Event) => void>();

  publish(event: Event): void {
    for (const subscriber of this.#subscribers) subscriber(event);
  }

  /** Ends when the signal aborts; throws what `onOverflow` gives when the subscriber is too slow. */
  async *subscribe(signal: AbortSignal, onOverflow: () => Error): AsyncGenerator<Event> {
    const queue: Event[] = [];
    let overflown = false;
    let wake: () => void = () => undefined;
    const subscriber = (event: Event) => {
      if (queue.length >= maxBehind) overflown = true;
      else queue.push(event);
      wake();
    };
    const stop = () => wake();
    this.#subscribers.add(subscriber);
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        const event = queue.shift();
        if (event !== undefined) yield event;
        else if (overflown) throw onOverflow();
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      this.#subscribers.delete(subscriber);
      signal.removeEventListener('abort', stop);
    }
  }
}
