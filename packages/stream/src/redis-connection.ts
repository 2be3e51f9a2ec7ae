import { Redis } from 'ioredis';

export interface RedisOptions {
  /** `redis://`, `rediss://` (TLS) or the path of a Unix socket. */
  readonly url: string;
}

/** A connection that reconnects for ever, at most two seconds apart, and fails commands at once while it is down. */
export function connectRedis({ url }: RedisOptions): Redis {
  return new Redis(url, {
    retryStrategy: (attempt) => Math.min(50 * attempt, 2000),
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  });
}
