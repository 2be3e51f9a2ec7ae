import type { Redis } from 'ioredis';
import { type Doorbell, doorbellKey, doorbellStreamLength } from './doorbell.js';
import { connectRedis, type RedisOptions } from './redis-connection.js';

/**
 * Rings the doorbells of hosts.
 *
 * Owns: one Redis connection and the set of doorbells not yet rung.
 * Does not own: whether a host is in sync; an unrung doorbell costs latency only.
 * Invariants: 1. `ring` never waits and never throws. 2. At most one doorbell per host is waiting, the newest.
 */
export class DoorbellPublisher {
  readonly #redis: Redis;
  readonly #waiting = new Map<string, Doorbell>();
  readonly #onError: (error: Error) => void;
  #flushing = false;
  #isClosed = false;

  constructor(options: RedisOptions & { onError: (error: Error) => void }) {
    this.#onError = (error) => {
      if (!this.#isClosed) options.onError(error);
    };
    this.#redis = connectRedis(options);
    this.#redis.on('error', this.#onError);
    this.#redis.on('ready', () => this.#flush());
  }

  ring(host: string, doorbell: Doorbell): void {
    this.#waiting.set(doorbellKey(host), doorbell);
    this.#flush();
  }

  /** What is not rung yet is dropped, and nothing is complained about any more. */
  close(): void {
    this.#isClosed = true;
    this.#redis.disconnect();
  }

  #flush(): void {
    if (this.#flushing || this.#waiting.size === 0 || this.#redis.status !== 'ready') return;
    this.#flushing = true;
    const batch = [...this.#waiting];
    this.#waiting.clear();
    const pipeline = this.#redis.pipeline();
    for (const [key, { generation }] of batch) {
      pipeline.xadd(key, 'MAXLEN', '~', doorbellStreamLength, '*', 'generation', generation);
    }
    pipeline
      .exec()
      .then((results) => {
        const refused = batch.filter((_, i) => results?.[i]?.[0]);
        this.#keep(refused);
        const error = results?.find(([each]) => each)?.[0];
        if (error) this.#onError(error);
        return refused.length === 0;
      })
      .catch((error: Error) => {
        this.#keep(batch);
        this.#onError(error);
        return false;
      })
      .then((delivered) => {
        this.#flushing = false;
        // After a failure the next ring or the next connection tries again.
        if (delivered) this.#flush();
      })
      .catch(this.#onError);
  }

  /** Puts doorbells back that were not delivered, unless a newer one is waiting. */
  #keep(batch: [string, Doorbell][]): void {
    for (const [key, doorbell] of batch) if (!this.#waiting.has(key)) this.#waiting.set(key, doorbell);
  }
}
