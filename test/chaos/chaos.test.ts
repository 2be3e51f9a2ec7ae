import { setTimeout as sleep } from 'node:timers/promises';
import { durationFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { dispatchV1 } from '@portcullis/api';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ChangeStorm, project } from './change-storm.js';
import { missingSteps, readCloud } from './expected-kernel.js';
import { Fleet, hosts, services } from './fleet.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('Chaos needs a lab, and a lab needs root: these tests are skipped.');

describe.skipIf(!isRoot).each(['nft', 'legacy'] as const)('during changes, with iptables-%s', (backend) => {
  let fleet: Fleet;
  let storm: ChangeStorm;

  beforeAll(async () => {
    fleet = await Fleet.start({ backend });
    storm = new ChangeStorm(fleet);
    await storm.populate();
    await expectConvergence();
  });
  afterAll(async () => {
    await fleet?.close();
  });

  /** Changes go on before something breaks, while it is broken as far as anyone answers, and after. */
  async function whileChanging(disaster: () => Promise<unknown>): Promise<void> {
    const stop = new AbortController();
    const raging = storm.rage(stop.signal);
    const broken = async () => {
      await storm.changes(20);
      await disaster();
      await storm.changes(20);
    };
    // A storm that fails must not be waited for.
    await Promise.race([broken(), raging]);
    stop.abort();
    await raging;
  }

  /** Every host says it enforces the last change, and its kernel agrees with what policy and inventory say. */
  async function expectConvergence(): Promise<void> {
    await storm.settle();
    const answer = await untilAnswered(() =>
      fleet.dispatch.waitForEnforcement({ revisionTokens: storm.tokens, timeout: durationFromMs(20_000) }),
    );
    expect(answer.laggingHosts).toEqual([]);
    expect(answer).toMatchObject({ enforced: true, enforcedHostCount: hosts.length });
    const cloud = await readCloud(fleet, project);
    for (const host of hosts) {
      expect(await missingSteps(fleet, { cloud, host, backend, keepStrays: true })).toEqual([]);
      await vi.waitFor(
        async () => expect(await missingSteps(fleet, { cloud, host, backend, keepStrays: false })).toEqual([]),
        { timeout: 15_000, interval: 100 },
      );
    }
    const names = new Set([...cloud.groups.values()].flatMap(({ rules }) => rules.map(({ id }) => id)));
    expect(storm.acknowledgedRules.filter((name) => !names.has(name))).toEqual([]);
  }

  async function untilAnswered<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await call();
      } catch (error) {
        if (attempt === 100) throw error;
        await sleep(100);
      }
    }
  }

  it('all hosts converge when Redis is flushed', async () => {
    const redis = new Redis(fleet.redis.socketPath);
    await whileChanging(async () => {
      for (let i = 0; i < 10; i += 1) {
        await redis.flushall();
        await sleep(50);
      }
    });
    redis.disconnect();
    await expectConvergence();
  });

  it('all hosts converge when Redis is stopped and started', async () => {
    await whileChanging(async () => {
      await fleet.redis.stop('SIGKILL');
      await sleep(1000);
      await fleet.redis.start();
    });
    await expectConvergence();
  });

  it.each(services)('nothing is lost when the %s service is killed and started', async (service) => {
    await whileChanging(async () => {
      await fleet.kill(service);
      await sleep(500);
      fleet.startService(service);
      await sleep(500);
    });
    await expectConvergence();
  });

  it.each(hosts)('the enforcer of %s catches up when it is killed and started', async (host) => {
    await whileChanging(async () => {
      await fleet.kill(host);
      await sleep(500);
      fleet.startEnforcer(host);
    });
    await expectConvergence();
  });

  it('D1 the dispatcher rebuilt from nothing gives the same content for the same generations', async () => {
    const statuses = async () => {
      const answer = await untilAnswered(() => fleet.dispatch.listHostStatuses({}));
      return answer.statuses.map(({ host, desiredDigest }) => ({ host, desiredDigest }));
    };
    const before = await statuses();
    await fleet.kill('dispatcher');
    fleet.startService('dispatcher');
    expect(await statuses()).toEqual(before);
    await expectConvergence();
  });

  it('E7 an enforcer that starts again writes nothing to the kernel when nothing changed', async () => {
    const onHost = async (script: string) => {
      const { code, stdout, stderr } = await fleet.lab.exec(fleet.lab.hostNamespace('h1'), 'sh', ['-ec', script]);
      if (code !== 0) throw new Error(stderr);
      return stdout.replaceAll(/^#.*\n/gm, '');
    };
    const tools = ['iptables', 'ip6tables'].map((tool) => `${tool}-${backend}`);
    // Counters set by hand: a chain that is written again, even with the same rules, begins at zero.
    await onHost(
      tools.map((tool) => `${tool}-save -c | sed 's/\\[[0-9]*:[0-9]*\\]/[7:7]/' | ${tool}-restore -c`).join('\n'),
    );
    const counters = () => onHost(`${tools.map((tool) => `${tool}-save -c`).join('\n')}\nipset save`);
    const before = await counters();
    expect(before).toContain('[7:7] -A PC-');
    await fleet.kill('h1', 'SIGTERM');
    const endedAt = Date.now();
    fleet.startEnforcer('h1');
    await vi.waitFor(
      async () => {
        const { status } = await fleet.dispatch.getHostStatus({ host: 'hosts/h1' });
        expect(status?.lastReportTime && timestampMs(status.lastReportTime)).toBeGreaterThan(endedAt);
        expect(status?.condition).toBe(dispatchV1.HostCondition.IN_SYNC);
      },
      { timeout: 20_000 },
    );
    expect(await counters()).toBe(before);
  });
});
