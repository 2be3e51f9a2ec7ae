import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { failureOf } from '@portcullis/resource/testing';
import { type PrivatePostgres, startPrivatePostgres } from '@portcullis/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodRule, group, openWorld } from './testing/policy-world.js';

let folder: string;
let postgres: PrivatePostgres;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'portcullis-policy-'));
  postgres = await startPrivatePostgres();
});
afterAll(async () => {
  await postgres.remove();
  await rm(folder, { recursive: true, force: true });
});

describe.each([
  ['SQLite', () => `sqlite:${path.join(folder, 'policy.db')}`],
  ['PostgreSQL', () => postgres.url],
])('on %s', (_, url) => {
  it('of 100 concurrent creations of 50 rules each rule is made once, and revisions have no gap', async () => {
    // Two replicas where the database allows it: each sees half of the calls.
    const worlds = [await openWorld(url()), await openWorld(url())];
    await worlds[0]?.createGroup('g');
    const calls = Array.from({ length: 100 }, (_, i) => {
      const rule = goodRule({ startPort: 1000 + (i % 50), endPort: 2000 });
      return worlds[i % 2 === Math.trunc(i / 50) ? 0 : 1]?.createRule('g', rule) as Promise<{ name: string }>;
    });
    const results = await Promise.allSettled(calls);
    const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.name] : []));
    expect(new Set(made).size).toBe(50);
    for (let i = 0; i < 50; i += 1) {
      const [first, second] = [calls[i], calls[i + 50]].map((call) => call as Promise<{ name: string }>);
      const outcomes = [results[i]?.status, results[i + 50]?.status].toSorted();
      expect(outcomes).toEqual(['fulfilled', 'rejected']);
      const [winner, loser] = results[i]?.status === 'fulfilled' ? [first, second] : [second, first];
      expect(await failureOf(loser as Promise<unknown>)).toMatchObject({
        code: 'AlreadyExists',
        resources: [(await winner)?.name],
      });
    }
    const { store } = worlds[1] as NonNullable<(typeof worlds)[1]>;
    expect((await store.log(0, 1000))?.map(({ revision }) => revision)).toEqual(
      Array.from({ length: 51 }, (_, i) => i + 1),
    );
    const listed = await worlds[1]?.client.listSecurityGroupRules({ parent: group('g'), pageSize: 1000 });
    expect(listed?.securityGroupRules).toHaveLength(52);
    await Promise.all(worlds.map((world) => world.close()));
  });

  it('a request that reaches two replicas at the same time is carried out once, and answered alike', async () => {
    const worlds = [await openWorld(url()), await openWorld(url())] as const;
    await worlds[0].createGroup('twice');
    const requests = Array.from({ length: 20 }, (_, i) => ({
      parent: group('twice'),
      securityGroupRule: goodRule({ startPort: 1 + i, endPort: 2000 }),
      requestId: randomUUID(),
    }));
    const ask = (world: (typeof worlds)[number]) =>
      Promise.all(requests.map((request) => world.client.createSecurityGroupRule(request)));
    const [first, second] = await Promise.all(worlds.map(ask));
    expect(second).toEqual(first);
    await Promise.all(worlds.map((world) => world.close()));
  });
});
