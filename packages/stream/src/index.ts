export * from './doorbell.js';
export * from './doorbell-listener.js';
export * from './doorbell-publisher.js';
export * from './private-redis.js';
export type { RedisOptions } from './redis-connection.js';
