import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { doorbellKey, doorbellStreamLength } from './doorbell.js';
import { listenForDoorbells } from './doorbell-listener.js';
import { DoorbellPublisher } from './doorbell-publisher.js';
import { type PrivateRedis, startPrivateRedis } from './private-redis.js';

describe('doorbells over a real Redis', () => {
  let redis: PrivateRedis;
  let publisher: DoorbellPublisher;
  let stop: AbortController;
  let listening: Promise<void>;
  let rings = 0;

  beforeEach(async () => {
    redis = await startPrivateRedis();
    stop = new AbortController();
    rings = 0;
    publisher = new DoorbellPublisher({ url: redis.socketPath, onError: () => undefined });
    listening = listenForDoorbells({
      url: redis.socketPath,
      host: 'hosts/h1',
      signal: stop.signal,
      blockMs: 200,
      onRing: () => {
        rings += 1;
      },
      onError: () => undefined,
    });
    await vi.waitFor(() => expect(rings).toBe(1));
  });

  afterEach(async () => {
    stop.abort();
    await listening;
    publisher.close();
    await redis.remove();
  });

  /** Rings once and waits until the listener hears it. */
  async function expectToBeHeard(): Promise<void> {
    const before = rings;
    publisher.ring('hosts/h1', { generation: '1.1' });
    await vi.waitFor(() => expect(rings).toBeGreaterThan(before), { timeout: 5000 });
  }

  it('rings the host it names', expectToBeHeard);

  it('does not ring another host', async () => {
    publisher.ring('hosts/h2', { generation: '1.1' });
    const client = new Redis(redis.socketPath);
    await vi.waitFor(async () => expect(await client.xlen(doorbellKey('hosts/h2'))).toBe(1));
    client.disconnect();
    expect(rings).toBe(1);
  });

  it('still rings after FLUSHALL', async () => {
    await expectToBeHeard();
    const client = new Redis(redis.socketPath);
    await client.flushall();
    client.disconnect();
    await expectToBeHeard();
  });

  it('rings by itself when Redis comes back, and delivers what was rung meanwhile', async () => {
    await redis.stop('SIGKILL');
    publisher.ring('hosts/h1', { generation: '2.1' });
    const before = rings;
    await redis.start();
    await vi.waitFor(() => expect(rings).toBeGreaterThan(before), { timeout: 5000 });
    const client = new Redis(redis.socketPath);
    await vi.waitFor(async () => expect(await client.xlen(doorbellKey('hosts/h1'))).toBe(1), { timeout: 5000 });
    client.disconnect();
  });

  it('keeps a short stream', async () => {
    const client = new Redis(redis.socketPath);
    for (let i = 0; i < 500; i += 1) {
      publisher.ring('hosts/h1', { generation: `${i}.0` });
      await client.ping();
    }
    // MAXLEN ~ trims whole nodes of 100 entries.
    expect(await client.xlen(doorbellKey('hosts/h1'))).toBeLessThanOrEqual(doorbellStreamLength + 100);
    client.disconnect();
  });
});

it.each(['hosts/', 'h1', 'hosts/H1', 'hosts/*', 'hosts/a b', 'hosts/a:b'])('%j is no host', (host) => {
  expect(() => doorbellKey(host)).toThrow(RangeError);
});
