import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { dispatchV1, enforceV1, policyV1 } from '@portcullis/api';
import type { OpenService } from '@portcullis/rpc';
import { createLogger } from '@portcullis/runtime';
import { listenForDoorbells, type PrivateRedis, startPrivateRedis } from '@portcullis/stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDispatcher } from './index.js';
import { unknownAfterMs } from './status.js';
import { WatchedServices } from './watched-services.fake.js';

const nic = (id: string) => `projects/p/nics/${id}`;
const group = (id: string) => `projects/p/securityGroups/${id}`;
const network = 'projects/p/networks/flat';

const hostPut = (id: string) => ({ put: { case: 'host' as const, value: { name: `hosts/${id}` } } });
const networkPut = { put: { case: 'network' as const, value: { name: network, routingDomain: 'default' } } };
const nicPut = (id: string, index: number) => ({
  put: {
    case: 'nic' as const,
    value: {
      name: nic(id),
      uid: `uid-${id}`,
      network,
      macAddress: '02:00:00:00:00:01',
      addresses: [`10.0.${index >> 8}.${index & 255}`],
    },
  },
});
const bindingPut = (id: string, host: string) => ({
  put: {
    case: 'nicBinding' as const,
    value: { name: `${nic(id)}/bindings/${host}`, host: `hosts/${host}`, interfaceName: `v-${id}` },
  },
});
const groupPut = (id: string) => ({
  put: { case: 'securityGroup' as const, value: { name: group(id), state: policyV1.SecurityGroupState.ENABLED } },
});
const rulePut = (groupId: string, id: string, remote = '') => ({
  put: {
    case: 'securityGroupRule' as const,
    value: {
      name: `${group(groupId)}/rules/${id}`,
      direction: policyV1.Direction.INGRESS,
      protocol: policyV1.Protocol.ALL,
      remoteSecurityGroup: remote === '' ? '' : group(remote),
    },
  },
});
const addressGroupName = (id: string) => `projects/p/addressGroups/${id}`;
const addressGroupPut = (id: string, ...maskedCidrs: string[]) => ({
  put: { case: 'addressGroup' as const, value: { name: addressGroupName(id), maskedCidrs } },
});
const namingRulePut = (groupId: string, id: string, addressGroup: string) => ({
  put: {
    case: 'securityGroupRule' as const,
    value: { ...rulePut(groupId, id).put.value, addressGroup: addressGroupName(addressGroup) },
  },
});
const membershipPut = (groupId: string, nicId: string) => ({
  put: {
    case: 'membership' as const,
    value: { securityGroup: group(groupId), nic: nic(nicId), nicUid: `uid-${nicId}` },
  },
});

const notSeen = dispatchV1.LagReason.REVISION_NOT_SEEN;

describe('the dispatcher', () => {
  let redis: PrivateRedis;
  let cloud: WatchedServices;
  let dispatcher: OpenService;
  let now: Date;
  let dispatch: ReturnType<typeof clientOf<typeof dispatchV1.DispatchService>>;
  let enforce: ReturnType<typeof clientOf<typeof enforceV1.EnforceService>>;
  const stop: (() => void)[] = [];

  function clientOf<Service extends typeof dispatchV1.DispatchService | typeof enforceV1.EnforceService>(
    service: Service,
  ) {
    const transport = createRouterTransport((router) => {
      for (const { service: each, handlers } of dispatcher.registrations) router.service(each, handlers);
    });
    return createClient<Service>(service, transport);
  }

  function start(): void {
    dispatcher = openDispatcher({
      policy: cloud.policyTransport,
      inventory: cloud.inventoryTransport,
      redisUrl: redis.socketPath,
      log: createLogger('dispatcher', { level: 'silent' }),
      now: () => now,
    });
    dispatch = clientOf(dispatchV1.DispatchService);
    enforce = clientOf(enforceV1.EnforceService);
  }

  beforeAll(async () => {
    redis = await startPrivateRedis();
  });
  afterAll(async () => {
    await redis.remove();
  });
  beforeEach(async () => {
    now = new Date('2026-01-01T00:00:00Z');
    cloud = new WatchedServices();
    cloud.inventory.commit(hostPut('h1'), hostPut('h2'), networkPut, nicPut('a', 1), nicPut('b', 2), nicPut('c', 3));
    cloud.inventory.commit(bindingPut('a', 'h1'), bindingPut('c', 'h2'));
    cloud.policy.commit(
      groupPut('web'),
      rulePut('web', 'r1', 'web'),
      membershipPut('web', 'a'),
      membershipPut('web', 'b'),
    );
    start();
    await vi.waitFor(() => expect(dispatcher.ready()).toBe(true));
  });
  afterEach(async () => {
    for (const end of stop.splice(0)) end();
    await dispatcher.close();
  });

  const sync = async (host: string, cursor = '') => {
    const events: enforceV1.SyncResponse['event'][] = [];
    for await (const { event } of enforce.sync({ host: `hosts/${host}`, cursor })) events.push(event);
    const completed = events.at(-1);
    if (completed?.case !== 'completed') throw new Error('the sync did not complete');
    const generation = completed.value.generation ?? create(enforceV1.GenerationSchema);
    return { events: events.slice(0, -1), completed: completed.value, generation };
  };
  const acknowledge = async (host: string, generation: enforceV1.Generation) =>
    enforce.report({ host: `hosts/${host}`, reports: [{ generation, outcome: enforceV1.Outcome.APPLIED }] });
  const syncAndAcknowledge = async (host: string) => acknowledge(host, (await sync(host)).generation);
  const wait = (options: { tokens?: string[]; hosts?: string[]; nics?: string[]; timeoutMs?: number } = {}) =>
    dispatch.waitForEnforcement({
      revisionTokens: options.tokens ?? [],
      hosts: options.hosts ?? [],
      nics: options.nics ?? [],
      timeout: durationFromMs(options.timeoutMs ?? 0),
    });
  const untilSeen = (token: string) =>
    vi.waitFor(async () => expect((await wait({ tokens: [token] })).laggingHosts[0]?.reason).not.toBe(notSeen));
  const codeOf = async (call: Promise<unknown>) =>
    call.then(
      () => 'no error',
      (error: unknown) => Code[ConnectError.from(error).code],
    );

  it('D2 tells a host its own NICs, their groups and the members those name, and nothing else', async () => {
    const { events } = await sync('h1');
    expect(events.map((event) => event.case)).toEqual(['snapshotStarted', 'nic', 'group', 'memberSet']);
    const [, nicEvent, , setEvent] = events;
    expect(nicEvent).toMatchObject({ value: { nic: nic('a'), interfaceName: 'v-a', guarded: true } });
    expect(setEvent).toMatchObject({ value: { group: group('web'), addedAddresses: ['10.0.0.1', '10.0.0.2'] } });
    expect((await sync('h2')).events.map((event) => event.case)).toEqual(['snapshotStarted', 'nic']);
  });

  it('D3 tells only the difference after that, members as members', async () => {
    const first = await sync('h1');
    const token = cloud.policy.commit(membershipPut('web', 'c'));
    await untilSeen(token);
    const second = await sync('h1', first.completed.cursor);
    expect(second.events).toMatchObject([{ case: 'memberSet', value: { reset: false, addedAddresses: ['10.0.0.3'] } }]);
    expect((await sync('h1', second.completed.cursor)).events).toEqual([]);
  });

  it('tells when a group begins to keep established flows', async () => {
    const first = await sync('h1');
    const { value } = groupPut('web').put;
    const establishedFlows = policyV1.EstablishedFlows.KEEP;
    await untilSeen(cloud.policy.commit({ put: { case: 'securityGroup', value: { ...value, establishedFlows } } }));
    const { events } = await sync('h1', first.completed.cursor);
    expect(events).toMatchObject([{ case: 'group', value: { group: group('web'), keepEstablishedFlows: true } }]);
  });

  it('D2 D3 tells the hosts whose rules name an address group its CIDRs, then what changes of them', async () => {
    const office = addressGroupName('office');
    await untilSeen(cloud.policy.commit(addressGroupPut('office', '10.0.0.0/8'), namingRulePut('web', 'r2', 'office')));
    const first = await sync('h1');
    expect(first.events).toContainEqual({
      case: 'addressGroup',
      value: expect.objectContaining({ addressGroup: office, reset: true, addedCidrs: ['10.0.0.0/8'] }),
    });
    expect((await sync('h2')).events.some((event) => event.case === 'addressGroup')).toBe(false);
    await syncAndAcknowledge('h1');
    await syncAndAcknowledge('h2');
    const token = cloud.policy.commit(addressGroupPut('office', '10.0.0.0/8', '::/0'));
    await untilSeen(token);
    expect((await wait({ tokens: [token] })).laggingHosts.map(({ host }) => host)).toEqual(['hosts/h1']);
    const { events, completed } = await sync('h1', first.completed.cursor);
    expect(events).toEqual([
      {
        case: 'addressGroup',
        value: expect.objectContaining({ addressGroup: office, reset: false, addedCidrs: ['::/0'], removedCidrs: [] }),
      },
    ]);
    await untilSeen(cloud.policy.commit({ removal: { case: 'securityGroupRule', value: `${group('web')}/rules/r2` } }));
    const gone = (await sync('h1', completed.cursor)).events.filter((event) => event.case === 'removal');
    expect(gone.map(({ value }) => value.removed)).toEqual([{ case: 'addressGroup', value: office }]);
  });

  it('tells a large address group in several messages', async () => {
    const cidrs = Array.from({ length: 25_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    await untilSeen(cloud.policy.commit(addressGroupPut('large', ...cidrs), namingRulePut('web', 'r2', 'large')));
    const parts = (await sync('h1')).events.flatMap((event) => (event.case === 'addressGroup' ? [event.value] : []));
    expect(parts.map(({ reset, addedCidrs }) => [reset, addedCidrs.length])).toEqual([
      [true, 10_000],
      [false, 10_000],
      [false, 5000],
    ]);
  });

  it('forgets an address group that a new snapshot does not have', async () => {
    await untilSeen(cloud.policy.commit(addressGroupPut('office', '10.0.0.0/8'), namingRulePut('web', 'r2', 'office')));
    // Nobody hears the removal itself.
    cloud.policy.disconnect();
    cloud.policy.epoch = 'e2';
    cloud.policy.commit({ removal: { case: 'addressGroup', value: addressGroupName('office') } });
    await vi.waitFor(async () => {
      const { events } = await sync('h1');
      const said = events.flatMap((event) => (event.case === 'addressGroup' ? [event.value.addedCidrs] : []));
      expect(said).toEqual([[]]);
    });
  });

  it('tells a host that slept through many changes each object once', async () => {
    const { completed } = await sync('h1');
    for (let i = 0; i < 500; i += 1) cloud.policy.commit(rulePut('web', `x${i % 10}`));
    const last = cloud.policy.commit({ removal: { case: 'securityGroupRule', value: `${group('web')}/rules/x1` } });
    await untilSeen(last);
    const { events } = await sync('h1', completed.cursor);
    expect(events).toHaveLength(1);
    expect(events[0]?.case === 'group' && events[0].value.rules).toHaveLength(10);
  });

  it('says that objects are gone', async () => {
    const { completed } = await sync('h1');
    const token = cloud.inventory.commit({ removal: { case: 'nicBinding', value: `${nic('a')}/bindings/h1` } });
    await untilSeen(token);
    const { events } = await sync('h1', completed.cursor);
    expect(events.map((event) => event.case === 'removal' && event.value.removed.case)).toEqual([
      'nic',
      'group',
      'memberSet',
    ]);
  });

  it('D1 gives the same digest when it is rebuilt from nothing, and a snapshot for a cursor it has not given', async () => {
    const before = await sync('h1');
    await dispatcher.close();
    start();
    await vi.waitFor(() => expect(dispatcher.ready()).toBe(true));
    const after = await sync('h1', before.completed.cursor);
    expect(after.completed.digest).toBe(before.completed.digest);
    expect(after.generation).toEqual(before.generation);
    expect(after.events[0]?.case).toBe('snapshotStarted');
  });

  it('goes on after a watch broke off, and after a store was replaced', async () => {
    cloud.policy.disconnect();
    const token = cloud.policy.commit(membershipPut('web', 'c'));
    await untilSeen(token);
    cloud.policy.epoch = 'e2';
    cloud.policy.disconnect();
    await vi.waitFor(async () => expect(await codeOf(wait({ tokens: [token] }))).toBe('FailedPrecondition'));
    expect((await sync('h1')).events).toHaveLength(4);
  });

  it('E1 answers UNAVAILABLE until it has heard both services', async () => {
    await dispatcher.close();
    cloud.policy.watch = async function* () {
      yield { event: { case: 'snapshotStarted', value: {} } };
      await new Promise(() => undefined);
    };
    start();
    expect(await codeOf(sync('h1'))).toBe('Unavailable');
    expect(await codeOf(dispatch.listHostStatuses({}))).toBe('Unavailable');
    expect(dispatcher.ready()).toBe(false);
    expect((await wait({ tokens: [cloud.policy.token()] })).enforced).toBe(false);
  });

  it('does not know a host that is not registered', async () => {
    expect(await codeOf(sync('h9'))).toBe('NotFound');
    expect(await codeOf(dispatch.getHostStatus({ host: 'hosts/h9' }))).toBe('NotFound');
  });

  describe('a wait', () => {
    it('D4 names every host that has not acknowledged, with the reason', async () => {
      await syncAndAcknowledge('h1');
      const answer = await wait({ tokens: [cloud.policy.token(), cloud.inventory.token()] });
      expect(answer).toMatchObject({ enforced: false, enforcedHostCount: 1 });
      expect(answer.laggingHosts).toMatchObject([{ host: 'hosts/h2', reason: dispatchV1.LagReason.UNKNOWN }]);
    });

    it('answers as soon as the last host has acknowledged', async () => {
      const waiting = wait({ timeoutMs: 900 });
      await syncAndAcknowledge('h1');
      await syncAndAcknowledge('h2');
      expect(await waiting).toMatchObject({ enforced: true, enforcedHostCount: 2, laggingHosts: [] });
    });

    it('without a token answers for what was known when it began', async () => {
      await syncAndAcknowledge('h2');
      const { generation } = await sync('h1');
      const waiting = wait({ timeoutMs: 900 });
      await untilSeen(cloud.policy.commit(rulePut('web', 'r2')));
      await acknowledge('h1', generation);
      expect((await waiting).enforced).toBe(true);
    });

    it('concerns only the hosts that a change concerns', async () => {
      await syncAndAcknowledge('h1');
      await syncAndAcknowledge('h2');
      const token = cloud.policy.commit(rulePut('web', 'r2'));
      await vi.waitFor(async () => {
        const { laggingHosts } = await wait({ tokens: [token] });
        expect(laggingHosts).toMatchObject([{ host: 'hosts/h1', reason: dispatchV1.LagReason.PENDING }]);
      });
    });

    it('D4 does not take the acknowledgement of an earlier generation', async () => {
      const early = await sync('h1');
      await acknowledge('h1', early.generation);
      const token = cloud.policy.commit(rulePut('web', 'r2'));
      await acknowledge('h1', early.generation);
      expect((await wait({ tokens: [token], hosts: ['hosts/h1'], timeoutMs: 50 })).enforced).toBe(false);
    });

    it('D4 does not take the acknowledgement of a state of another store, or of one that nobody was told', async () => {
      cloud.policy.commit(groupPut('other'));
      await untilSeen(cloud.policy.token());
      const { generation } = await sync('h1');
      cloud.policy.epoch = 'e2';
      cloud.policy.revision = 0;
      const token = cloud.policy.commit(rulePut('web', 'r2'));
      cloud.policy.disconnect();
      await vi.waitFor(async () => expect(await codeOf(wait({ tokens: [token] }))).toBe('no error'));
      await acknowledge('h1', generation);
      expect((await wait({ tokens: [token], hosts: ['hosts/h1'] })).enforced).toBe(false);
      await syncAndAcknowledge('h1');
      expect((await wait({ tokens: [token], hosts: ['hosts/h1'] })).enforced).toBe(true);
    });

    it('D4 does not take the acknowledgement of a state from before a backup was restored', async () => {
      for (let i = 0; i < 3; i += 1) cloud.policy.commit(rulePut('web', `x${i}`));
      await untilSeen(cloud.policy.token());
      const { generation } = await sync('h1');
      await acknowledge('h1', generation);
      cloud.policy.revision = 1;
      cloud.policy.disconnect();
      await vi.waitFor(async () => expect((await sync('h1')).generation.policyRevision).toBe(1n));
      const token = cloud.policy.commit(rulePut('web', 'r2'));
      await vi.waitFor(async () => expect((await sync('h1')).generation.policyRevision).toBe(2n));
      await acknowledge('h1', generation);
      expect((await wait({ tokens: [token], hosts: ['hosts/h1'] })).enforced).toBe(false);
    });

    it('D4 is not fulfilled while packets pass by the rules of a host', async () => {
      const { generation } = await sync('h1');
      const reports = [{ generation, outcome: enforceV1.Outcome.APPLIED }];
      const conditions = [{ reason: 'BRIDGE_NETFILTER_OFF', message: 'bridged packets pass unfiltered' }];
      await enforce.report({ host: 'hosts/h1', reports, conditions });
      const answer = await wait({ nics: [nic('a')] });
      expect(answer.enforced).toBe(false);
      expect(answer.laggingHosts).toMatchObject([
        {
          reason: dispatchV1.LagReason.FAILED,
          message: 'BRIDGE_NETFILTER_OFF: bridged packets pass unfiltered',
        },
      ]);
      await enforce.report({ host: 'hosts/h1' });
      expect((await wait({ nics: [nic('a')] })).enforced).toBe(true);
    });

    it('D4 is not fulfilled by revisions the dispatcher has not seen', async () => {
      await syncAndAcknowledge('h1');
      await syncAndAcknowledge('h2');
      const answer = await wait({ tokens: [cloud.policy.token(99)] });
      expect(answer.enforced).toBe(false);
      expect(answer.laggingHosts.map(({ reason }) => reason)).toEqual([notSeen, notSeen]);
    });

    it('of NICs looks at their hosts only', async () => {
      await syncAndAcknowledge('h1');
      expect(await wait({ nics: [nic('a')] })).toMatchObject({ enforced: true, enforcedHostCount: 1 });
      expect(await wait({ nics: [nic('b')] })).toMatchObject({ enforced: true, enforcedHostCount: 0 });
      expect((await wait({ nics: [nic('a'), nic('c')] })).enforced).toBe(false);
    });

    it('says why a kernel refused, and counts the NICs that it did not refuse', async () => {
      cloud.inventory.commit(bindingPut('b', 'h1'));
      const { generation } = await vi.waitFor(async () => {
        const answer = await sync('h1');
        expect(answer.generation.inventoryRevision).toBe(3n);
        return answer;
      });
      const failures = [{ nic: nic('b'), reason: 'KERNEL_REFUSED', message: 'line 3' }];
      await enforce.report({
        host: 'hosts/h1',
        reports: [{ generation, outcome: enforceV1.Outcome.FAILED, failures }],
      });
      expect((await wait({ nics: [nic('a')] })).enforced).toBe(true);
      const { laggingHosts } = await wait({ nics: [nic('b')] });
      expect(laggingHosts).toMatchObject([{ reason: dispatchV1.LagReason.FAILED, message: 'KERNEL_REFUSED: line 3' }]);
      const { statuses } = await dispatch.getNicStatus({ nic: nic('b') });
      expect(statuses).toMatchObject([
        { condition: dispatchV1.HostCondition.DEGRADED, failure: { message: 'line 3' } },
      ]);
      const { statuses: good } = await dispatch.getNicStatus({ nic: nic('a') });
      expect(good).toMatchObject([{ condition: dispatchV1.HostCondition.IN_SYNC }]);
    });

    it.each([
      ['a token that nobody made', { tokens: ['x'] }, 'InvalidArgument'],
      ['a timeout above 300 s', { timeoutMs: 301_000 }, 'InvalidArgument'],
      ['a negative timeout', { timeoutMs: -1 }, 'InvalidArgument'],
      ['a host that does not exist', { hosts: ['hosts/h9'] }, 'NotFound'],
      ['a NIC that does not exist', { nics: [nic('z')] }, 'NotFound'],
      ['more than 1000 NICs', { nics: Array<string>(1001).fill(nic('a')) }, 'InvalidArgument'],
      ['more than 1000 hosts', { hosts: Array<string>(1001).fill('hosts/h1') }, 'InvalidArgument'],
    ])('is refused for %s', async (_, options, code) => {
      expect(await codeOf(wait(options))).toBe(code);
    });
  });

  describe('hits of rules', () => {
    const rule = (id: string) => `${group('web')}/rules/${id}`;
    const report = (host: string, hits: Record<string, number>, since: Date | null = now) =>
      enforce.report({
        host: `hosts/${host}`,
        ...(since && { hitsCountedSince: timestampFromDate(since) }),
        ruleHits: Object.entries(hits).map(([id, packets]) => ({
          rule: id,
          packets: BigInt(packets),
          bytes: BigInt(60 * packets),
          lastHitTime: timestampFromDate(now),
        })),
      });
    const list = (request: MessageInitShape<typeof dispatchV1.ListRuleHitsRequestSchema>) =>
      dispatch.listRuleHits(request);
    const packets = async (request: MessageInitShape<typeof dispatchV1.ListRuleHitsRequestSchema>) =>
      (await list(request)).ruleHits.map((each) => [each.rule, Number(each.packets)]);

    beforeEach(async () => {
      cloud.inventory.commit(bindingPut('b', 'h2'));
      cloud.policy.commit(groupPut('db'), rulePut('db', 'x'), rulePut('web', 'r2'), membershipPut('db', 'c'));
      await vi.waitFor(async () => expect((await list({ host: 'hosts/h2' })).ruleHits).toHaveLength(3));
    });

    it('are those of all hosts, and show which rules were never hit and since when that is known', async () => {
      const since = new Date(now.getTime() + 5000);
      await report('h1', { [rule('r1')]: 2 });
      const { ruleHits: early } = await list({ rule: rule('r1') });
      expect(early[0]?.countedSince).toBeUndefined();
      expect(early).toMatchObject([{ hostCount: 2, countingHostCount: 1 }]);
      await report('h2', { [rule('r1')]: 3 }, since);
      const { ruleHits } = await list({ securityGroup: group('web') });
      expect(ruleHits).toMatchObject([
        { rule: rule('r1'), packets: 5n, bytes: 300n, lastHitTime: timestampFromDate(now), hostCount: 2 },
        { rule: rule('r2'), packets: 0n, countedSince: timestampFromDate(since), countingHostCount: 2 },
      ]);
      expect(ruleHits[1]?.lastHitTime).toBeUndefined();
    });

    it('that cannot be told are refused, and the largest are told', async () => {
      const eon = { seconds: 9_000_000_000_000_000_000n, nanos: 0 };
      const hits = { rule: rule('r1'), packets: -1n, bytes: 0n, lastHitTime: eon };
      const refused = enforce.report({ host: 'hosts/h1', hitsCountedSince: eon, ruleHits: [hits] });
      await expect(refused).rejects.toThrow(
        /hits_counted_since: 9000000000000000000 s .*; rule_hits\[0\]\.last_hit_time: .*; rule_hits\[0\]\.packets: -1 is below 0/,
      );
      const most = { rule: rule('r1'), packets: 2n ** 63n - 1n, bytes: 1n };
      for (const id of ['h1', 'h2']) {
        await enforce.report({ host: `hosts/${id}`, hitsCountedSince: timestampFromDate(now), ruleHits: [most] });
      }
      expect((await list({ rule: rule('r1') })).ruleHits).toMatchObject([{ packets: 2n ** 63n - 1n, bytes: 2n }]);
    });

    it('are found by rule, by group and by host, page by page', async () => {
      const x = `${group('db')}/rules/x`;
      await report('h2', { [rule('r1')]: 3, [x]: 1 });
      await report('h1', { [rule('r1')]: 4 });
      expect(await packets({ rule: rule('r1'), securityGroup: group('web') })).toEqual([[rule('r1'), 7]]);
      expect(await packets({ rule: rule('r1'), securityGroup: group('db') })).toEqual([]);
      expect(await packets({ securityGroup: group('web'), host: 'hosts/h1' })).toEqual([
        [rule('r1'), 4],
        [rule('r2'), 0],
      ]);
      const first = await list({ host: 'hosts/h2', pageSize: 2 });
      const rest = await list({ host: 'hosts/h2', pageSize: 2, pageToken: first.nextPageToken });
      expect([...first.ruleHits, ...rest.ruleHits].map((each) => [each.rule, Number(each.packets)])).toEqual([
        [x, 1],
        [rule('r1'), 3],
        [rule('r2'), 0],
      ]);
      expect(rest.nextPageToken).toBe('');
    });

    it('S1 are taken from hosts that enforce the rule only', async () => {
      await report('h1', { [`${group('db')}/rules/x`]: 9, [rule('r1')]: 1, nonsense: 1 });
      expect(await packets({ securityGroup: group('db') })).toEqual([[`${group('db')}/rules/x`, 0]]);
      expect(await packets({ rule: rule('r1') })).toEqual([[rule('r1'), 1]]);
    });

    it('are none of a host that does not count', async () => {
      await report('h1', { [rule('r1')]: 1 }, null);
      expect((await list({ rule: rule('r1'), host: 'hosts/h1' })).ruleHits).toMatchObject([
        { packets: 0n, hostCount: 1, countingHostCount: 0 },
      ]);
    });

    it.each([
      ['nothing that is asked for', {}, 'InvalidArgument'],
      ['a group that does not exist', { securityGroup: group('none') }, 'NotFound'],
      ['a rule that does not exist', { rule: rule('none') }, 'NotFound'],
      ['a host that does not exist', { host: 'hosts/h9' }, 'NotFound'],
    ])('are refused for %s', async (_, request, code) => {
      expect(await codeOf(list(request))).toBe(code);
    });
  });

  it('rings the hosts that a change concerns, and no other', async () => {
    await syncAndAcknowledge('h1');
    await syncAndAcknowledge('h2');
    const rings = { h1: 0, h2: 0 };
    const end = new AbortController();
    stop.push(() => end.abort());
    for (const host of ['h1', 'h2'] as const) {
      const onRing = () => {
        rings[host] += 1;
      };
      listenForDoorbells({
        url: redis.socketPath,
        host: `hosts/${host}`,
        signal: end.signal,
        onRing,
        onError: () => undefined,
      }).catch(() => undefined);
    }
    await vi.waitFor(() => expect(rings).toEqual({ h1: 1, h2: 1 }));
    cloud.policy.commit(rulePut('web', 'r3'));
    await vi.waitFor(() => expect(rings.h1).toBe(2));
    expect(rings.h2).toBe(1);
  });

  it('streams the status of every host, then each diff as it is reported', async () => {
    const end = new AbortController();
    stop.push(() => end.abort());
    const stream = dispatch.watchStatus({}, { signal: end.signal })[Symbol.asyncIterator]();
    const next = async () => (await stream.next()).value as dispatchV1.WatchStatusResponse;
    expect([(await next()).host, (await next()).host]).toEqual(['hosts/h1', 'hosts/h2']);
    const { generation } = await sync('h2');
    const rule = {
      family: 4,
      table: 'filter',
      chain: 'PC-X',
      kind: enforceV1.ChangeKind.ADDED,
      rule: '-j DROP',
      position: 1,
    };
    const report = { generation, outcome: enforceV1.Outcome.APPLIED, diff: { rules: [rule], sets: [] } };
    await enforce.report({ host: 'hosts/h2', reports: [report] });
    const seen = [await next(), await next(), await next()].map(({ event }) => event);
    expect(seen.map((event) => event.case)).toEqual(['status', 'report', 'status']);
    expect(seen[1]).toMatchObject({ value: { diff: { rules: [rule] } } });
    expect(seen[2]).toMatchObject({ value: { condition: dispatchV1.HostCondition.IN_SYNC } });
  });

  it('tells once that a host has gone silent', async () => {
    await syncAndAcknowledge('h1');
    expect((await dispatch.getHostStatus({ host: 'hosts/h1' })).status?.condition).toBe(
      dispatchV1.HostCondition.IN_SYNC,
    );
    const end = new AbortController();
    stop.push(() => end.abort());
    const stream = dispatch.watchStatus({ hosts: ['hosts/h1'] }, { signal: end.signal })[Symbol.asyncIterator]();
    await stream.next();
    now = new Date(now.getTime() + unknownAfterMs + 1);
    const { value } = await stream.next();
    expect(value?.event).toMatchObject({ case: 'status', value: { condition: dispatchV1.HostCondition.UNKNOWN } });
  });
});
