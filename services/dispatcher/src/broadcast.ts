/** Events a subscriber may fall behind before it is let go. */
const maxBehind = 10_000;

export interface Subscription<Event> extends AsyncIterable<Event> {
  /** Ends the iteration; events not taken yet are dropped. */
  close(): void;
}

/** Tells every subscriber every event; one that does not keep up is ended rather than let to grow. */
export class Broadcast<Event> {
  readonly #subscribers = new Set<(event: Event) => void>();

  publish(event: Event): void {
    for (const subscriber of this.#subscribers) subscriber(event);
  }

  /** Hears everything published from now on. Throws what `onOverflow` gives when the subscriber is too slow. */
  subscribe(onOverflow: () => Error): Subscription<Event> {
    const queue: Event[] = [];
    let state: 'open' | 'overflown' | 'closed' = 'open';
    let wake: () => void = () => undefined;
    const subscriber = (event: Event) => {
      if (queue.length < maxBehind) queue.push(event);
      else {
        state = 'overflown';
        this.#subscribers.delete(subscriber);
      }
      wake();
    };
    const close = () => {
      state = 'closed';
      this.#subscribers.delete(subscriber);
      wake();
    };
    this.#subscribers.add(subscriber);
    async function* iterate(): AsyncGenerator<Event> {
      try {
        while (state !== 'closed') {
          const event = queue.shift();
          if (event !== undefined) yield event;
          else if (state === 'overflown') throw onOverflow();
          else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        close();
      }
    }
    return { close, [Symbol.asyncIterator]: iterate };
  }
}
