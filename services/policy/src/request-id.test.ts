import { randomUUID } from 'node:crypto';
import { policyV1 } from '@portcullis/api';
import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goodRule, group, network, nic, openWorld, type PolicyWorld, parent } from './testing/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await openWorld();
  await world.createGroup('g');
});
afterEach(() => world.close());

const revision = async () => (await world.store.read(async () => undefined)).revision;
const rulesOf = async (id: string) =>
  (await world.client.listSecurityGroupRules({ parent: group(id) })).securityGroupRules.filter((r) => !r.automatic);

describe('a request with an id', () => {
  it('is answered alike when it is repeated, and carried out once', async () => {
    const request = { parent: group('g'), securityGroupRule: goodRule(), requestId: randomUUID() };
    const first = await world.client.createSecurityGroupRule(request);
    await world.createGroup('h');
    const upper = { ...request, requestId: request.requestId.toUpperCase() };
    expect(await world.client.createSecurityGroupRule(upper)).toEqual(first);
    expect(await rulesOf('g')).toEqual([first.securityGroupRule]);
  });

  it('is answered alike after the service has begun again, and when what it made is gone', async () => {
    const request = { parent, securityGroupId: 'h', requestId: randomUUID() };
    const first = await world.client.createSecurityGroup(request);
    await world.restart();
    expect(await world.client.createSecurityGroup(request)).toEqual(first);
    await world.client.deleteSecurityGroup({ name: group('h') });
    expect(await world.client.createSecurityGroup(request)).toEqual(first);
  });

  it('is carried out once when many arrive at the same time', async () => {
    const request = { parent: group('g'), securityGroupRule: goodRule(), requestId: randomUUID() };
    const calls = Array.from({ length: 50 }, () => world.client.createSecurityGroupRule(request));
    const names = (await Promise.all(calls)).map(({ securityGroupRule }) => securityGroupRule?.name);
    expect(new Set(names).size).toBe(1);
    expect(await rulesOf('g')).toHaveLength(1);
  });

  it('is answered alike though it could not even begin a second time', async () => {
    await world.client.attachNetworks({ securityGroup: group('g'), networks: [network('net1')] });
    const request = { securityGroup: group('g'), nics: [nic('n1')], requestId: randomUUID() };
    const first = await world.client.addNics(request);
    world.inventory.isDown = true;
    expect(await world.client.addNics(request)).toEqual(first);
  });

  it('is answered alike though it changed nothing, and takes no revision for being remembered', async () => {
    const attach = { securityGroup: group('g'), networks: [network('net1')] };
    await world.client.attachNetworks(attach);
    const before = await revision();
    const request = { ...attach, requestId: randomUUID() };
    const first = await world.client.attachNetworks(request);
    expect(await revision()).toBe(before);
    await world.client.detachNetworks(attach);
    expect(await world.client.attachNetworks(request)).toEqual(first);
    expect((await world.client.getSecurityGroup({ name: group('g') })).securityGroup?.networks).toEqual([]);
  });

  it('is tried again after it has failed', async () => {
    const request = { parent: group('later'), securityGroupRule: goodRule(), requestId: randomUUID() };
    expect(await failureOf(world.client.createSecurityGroupRule(request))).toMatchObject({ code: 'NotFound' });
    await world.createGroup('later');
    await world.client.createSecurityGroupRule(request);
    expect(await rulesOf('later')).toHaveLength(1);
  });

  it('is refused when the id was that of another request, of whatever method', async () => {
    const requestId = randomUUID();
    await world.client.createSecurityGroup({ parent, securityGroupId: 'h', requestId });
    const reused = { code: 'InvalidArgument', violations: ['request_id REQUEST_ID_REUSED'] };
    const other = world.client.createSecurityGroup({ parent, securityGroupId: 'i', requestId });
    expect(await failureOf(other)).toMatchObject(reused);
    expect(await failureOf(world.client.deleteSecurityGroup({ name: group('h'), requestId }))).toMatchObject(reused);
  });

  it('leaves nothing that a watch tells of', async () => {
    await world.client.createSecurityGroup({ parent, securityGroupId: 'h', requestId: randomUUID() });
    const stop = new AbortController();
    const kinds: (string | undefined)[] = [];
    for await (const { event } of world.client.watch({}, { signal: stop.signal })) {
      if (event.case === 'put') kinds.push(event.value.resource.case);
      if (event.case === 'snapshotCompleted') break;
    }
    expect(new Set(kinds)).toEqual(new Set(['securityGroup', 'securityGroupRule']));
    const logged = (await world.store.log(0, 100))?.flatMap(({ changes }) => changes.map(({ kind }) => kind));
    expect(new Set(logged)).toEqual(new Set(['securityGroup', 'securityGroupRule']));
  });
});

describe('what is remembered of requests', () => {
  it('is forgotten after 24 hours, also on the disk', async () => {
    let time = Date.UTC(2030, 0, 1);
    const later = await openWorld('sqlite::memory:', { now: () => new Date(time) });
    const requestId = randomUUID();
    const make = (id: string, requestId = randomUUID()) =>
      later.client.createSecurityGroup({ parent, securityGroupId: id, requestId });
    await make('old', requestId);
    time += 24 * 60 * 60 * 1000 - 1;
    await make('old', requestId);
    time += 2;
    expect(await failureOf(make('old', requestId))).toMatchObject({ code: 'AlreadyExists' });
    for (let i = 0; i < 100; i += 1) await make(`new${i}`);
    const kept = (await later.store.read((reading) => reading.list({ kind: '_request', limit: 1000 }))).value;
    expect(kept).toHaveLength(100);
    await later.close();
  });
});

describe('a request that only validates', () => {
  it('answers as the real call would, and changes nothing', async () => {
    const before = await revision();
    const request = { parent: group('g'), securityGroupRule: goodRule(), validateOnly: true, requestId: randomUUID() };
    const { securityGroupRule, revisionToken } = await world.client.createSecurityGroupRule(request);
    expect(securityGroupRule).toMatchObject({ protocol: policyV1.Protocol.TCP, startPort: 22 });
    expect(Buffer.from(revisionToken, 'base64url').toString()).toMatch(new RegExp(` ${before}$`));
    expect(await rulesOf('g')).toEqual([]);
    expect(await revision()).toBe(before);
    const real = await world.client.createSecurityGroupRule({ ...request, validateOnly: false });
    expect(await rulesOf('g')).toEqual([real.securityGroupRule]);
  });

  it('fails as the real call would', async () => {
    await world.createRule('g', goodRule());
    const again = { parent: group('g'), securityGroupRule: goodRule(), validateOnly: true };
    expect(await failureOf(world.client.createSecurityGroupRule(again))).toMatchObject({ code: 'AlreadyExists' });
    const gone = world.client.deleteSecurityGroup({ name: group('none'), validateOnly: true });
    expect(await failureOf(gone)).toMatchObject({ code: 'NotFound' });
    const wrong = world.client.createSecurityGroup({ parent: 'p', validateOnly: true });
    expect(await failureOf(wrong)).toMatchObject({ violations: ['parent NAME_MALFORMED'] });
  });
});
