import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { policyV1 } from '@portcullis/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { goodRule, openWorld, type PolicyWorld } from '../testing/policy-world.js';

const begin = new Date('2030-01-01T00:00:00Z');
const inSeconds = (seconds: number) => timestampFromDate(new Date(begin.getTime() + 1000 * seconds));

describe('a rule with a time', () => {
  let world: PolicyWorld;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: begin });
    world = await openWorld();
    await world.createGroup('g');
  });
  afterEach(async () => {
    await world.close();
    vi.useRealTimers();
  });

  const createRule = (port: number, seconds: number) =>
    world.createRule('g', goodRule({ startPort: port, endPort: port, expireTime: inSeconds(seconds) }));

  const isExpired = async ({ name }: policyV1.SecurityGroupRule) =>
    (await world.client.getSecurityGroupRule({ name })).securityGroupRule?.expired;

  /** Lets time pass, and what it brings about: store and watch run on real turns of the event loop. */
  async function pass(seconds: number): Promise<void> {
    await settle();
    for (const ms of [1000 * seconds, 1]) {
      await vi.advanceTimersByTimeAsync(ms);
      await settle();
    }
  }
  const settle = async () => {
    // Transactions are committed in order: what the timer has begun is done before this one.
    await world.store.transact(async () => undefined);
    for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
  };

  it('expires when its time has come, in one commit, and stays a rule', async () => {
    const rule = await createRule(22, 10);
    await pass(9);
    expect(await isExpired(rule)).toBe(false);
    const { revision } = await world.store.read(async () => undefined);
    await pass(2);
    expect(await isExpired(rule)).toBe(true);
    expect((await world.store.log(revision, 9))?.map(({ changes }) => changes[0]?.name)).toEqual([rule.name]);
  });

  it('expires in its turn, whichever was made first', async () => {
    const late = await createRule(1, 100);
    const early = await createRule(2, 10);
    const latest = await createRule(3, 3 * 24 * 3600);
    await pass(11);
    expect(await Promise.all([early, late, latest].map(isExpired))).toEqual([true, false, false]);
    await pass(90);
    expect(await Promise.all([early, late, latest].map(isExpired))).toEqual([true, true, false]);
    for (let hour = 0; hour < 73; hour += 1) await pass(3600);
    expect(await isExpired(latest)).toBe(true);
  });

  it('expires at once after a restart, when its time came meanwhile', async () => {
    const rule = await createRule(22, 10);
    const later = await createRule(23, 1000);
    await world.restart(() => {
      vi.setSystemTime(begin.getTime() + 60_000);
    });
    await pass(1);
    expect(await Promise.all([rule, later].map(isExpired))).toEqual([true, false]);
  });

  it('does not expire when its time is moved or taken away, and can be put in force again', async () => {
    const [moved, freed, revived] = [await createRule(1, 10), await createRule(2, 10), await createRule(3, 10)];
    const update = (rule: policyV1.SecurityGroupRule, seconds?: number) =>
      world.client.updateSecurityGroupRule({
        securityGroupRule: { name: rule.name, ...(seconds === undefined ? {} : { expireTime: inSeconds(seconds) }) },
        updateMask: { paths: ['expire_time'] },
      });
    await update(moved, 100);
    await update(freed);
    await pass(20);
    expect(await Promise.all([moved, freed, revived].map(isExpired))).toEqual([false, false, true]);
    await update(revived, 50);
    expect(await isExpired(revived)).toBe(false);
    await pass(100);
    expect(await Promise.all([moved, freed, revived].map(isExpired))).toEqual([true, false, true]);
  });

  it('that is deleted costs no commit', async () => {
    const rule = await createRule(22, 10);
    const { revisionToken } = await world.client.deleteSecurityGroupRule({ name: rule.name });
    await pass(60);
    const { securityGroup } = await world.client.createSecurityGroup({ parent: 'projects/p', securityGroupId: 'x' });
    expect(securityGroup).toBeDefined();
    expect((await world.store.read(async () => undefined)).revision).toBe(4);
    expect(revisionToken).not.toBe('');
  });
});
