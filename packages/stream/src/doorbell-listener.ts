import { setTimeout as sleep } from 'node:timers/promises';
import { doorbellKey } from './doorbell.js';
import { connectRedis, type RedisOptions } from './redis-connection.js';

export interface ListenOptions extends RedisOptions {
  readonly host: string;
  readonly signal: AbortSignal;
  /** Called for a doorbell, and once after each (re)connection, because doorbells may have been lost before it. */
  readonly onRing: () => void;
  /** Called when Redis cannot be reached or refuses, at most once per attempt. */
  readonly onError: (error: Error) => void;
  /** Longest wait of one XREAD, in milliseconds; bounds how long a dead connection goes unnoticed. */
  readonly blockMs?: number;
}

/**
 * Listens to one host's doorbells until the signal aborts. Uses plain XREAD and XREVRANGE on one exact key, so an ACL
 * may allow reading and nothing else. Several unread doorbells ring once.
 */
export async function listenForDoorbells(options: ListenOptions): Promise<void> {
  const { host, signal, onRing, onError, blockMs = 2000 } = options;
  const key = doorbellKey(host);
  const redis = connectRedis(options);
  redis.on('error', onError);
  const stop = () => redis.disconnect();
  signal.addEventListener('abort', stop, { once: true });
  try {
    let last: string | undefined;
    while (!signal.aborted) {
      try {
        if (last === undefined) {
          // The position is taken before the host is told to ask: a doorbell after it is read, one before is covered.
          const newest = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
          last = newest[0]?.[0] ?? '0-0';
          onRing();
        }
        const answer = await redis.xread('BLOCK', blockMs, 'STREAMS', key, last);
        const entries = answer?.[0]?.[1] ?? [];
        if (entries.length > 0) {
          last = entries.at(-1)?.[0] ?? last;
          onRing();
        } else if ((await redis.exists(key)) === 0) {
          // Flushed: new entries may have smaller ids if the clock of Redis went back.
          last = '0-0';
        }
      } catch (error) {
        if (signal.aborted) return;
        last = undefined;
        onError(error as Error);
        await sleep(100, undefined, { signal }).catch(() => undefined);
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    redis.disconnect();
  }
}
