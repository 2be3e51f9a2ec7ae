import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goodRule, group, openWorld, type PolicyWorld, parent } from './testing/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await openWorld();
  await world.createGroup('g');
});
afterEach(() => world.close());

const read = async (id: string) => (await world.client.getSecurityGroup({ name: group(id) })).securityGroup;
const rename = (id: string, displayName: string, etag = '') =>
  world.client.updateSecurityGroup({
    securityGroup: { name: group(id), displayName, etag },
    updateMask: { paths: ['display_name'] },
  });
const mismatch = { code: 'Aborted', reason: 'ETAG_MISMATCH' };

describe('an etag', () => {
  it('is the same in every answer, and another after every change', async () => {
    const created = await world.client.createSecurityGroup({ parent, securityGroupId: 'h' });
    const etag = created.securityGroup?.etag;
    expect(etag).toMatch(/^[\w-]{16}$/);
    expect((await read('h'))?.etag).toBe(etag);
    expect((await world.client.listSecurityGroups({ parent })).securityGroups.map((g) => g.etag)).toContain(etag);
    const { securityGroup } = await rename('h', 'other');
    expect(securityGroup?.etag).not.toBe(etag);
    expect(await read('h')).toEqual(securityGroup);
    expect((await rename('h', 'other')).securityGroup).toEqual(securityGroup);
  });

  it('lets one of two who read the same change it', async () => {
    const etag = (await read('g'))?.etag ?? '';
    await rename('g', 'first', etag);
    expect(await failureOf(rename('g', 'second', etag))).toMatchObject(mismatch);
    expect((await read('g'))?.displayName).toBe('first');
    expect(await failureOf(world.client.deleteSecurityGroup({ name: group('g'), etag }))).toMatchObject(mismatch);
    await world.client.deleteSecurityGroup({ name: group('g'), etag: (await read('g'))?.etag ?? '' });
  });

  it('guards rules as well', async () => {
    const { name, etag } = await world.createRule('g', goodRule());
    const securityGroupRule = { name, disabled: true, etag };
    const updateMask = { paths: ['disabled'] };
    const { securityGroupRule: changed } = await world.client.updateSecurityGroupRule({
      securityGroupRule,
      updateMask,
    });
    expect(changed).toMatchObject({ disabled: true });
    expect(await failureOf(world.client.deleteSecurityGroupRule({ name, etag }))).toMatchObject(mismatch);
    await world.client.deleteSecurityGroupRule({ name, etag: changed?.etag ?? '' });
  });
});

describe('allow_missing', () => {
  it('makes the group an update names, as if it were created', async () => {
    const request = {
      securityGroup: { name: group('new'), description: 'made', labels: { tier: 'web' } },
      updateMask: { paths: ['description'] },
      allowMissing: true,
    };
    const { securityGroup } = await world.client.updateSecurityGroup(request);
    expect(securityGroup).toMatchObject({ description: 'made', labels: { tier: 'web' } });
    expect((await world.client.listSecurityGroupRules({ parent: group('new') })).securityGroupRules).toHaveLength(2);
    expect((await world.client.updateSecurityGroup(request)).securityGroup).toEqual(securityGroup);
    const expecting = { ...request, securityGroup: { name: group('newer'), etag: 'x' } };
    expect(await failureOf(world.client.updateSecurityGroup(expecting))).toMatchObject(mismatch);
  });

  it('makes a deletion succeed when there is nothing to delete', async () => {
    const { revision } = await world.store.read(async () => undefined);
    await world.client.deleteSecurityGroup({ name: group('none'), allowMissing: true });
    await world.client.deleteSecurityGroupRule({ name: `${group('g')}/rules/r`, allowMissing: true });
    expect((await world.store.read(async () => undefined)).revision).toBe(revision);
    const strict = world.client.deleteSecurityGroup({ name: group('none') });
    expect(await failureOf(strict)).toMatchObject({ code: 'NotFound' });
  });
});

describe('labels', () => {
  it('are kept, changed as a whole, and the same in whatever order they are sent', async () => {
    const labels = { b: '2', a: '1', 'x_1.y-z': '' };
    const { securityGroup } = await world.client.createSecurityGroup({
      parent,
      securityGroupId: 'h',
      securityGroup: { labels },
    });
    expect(securityGroup?.labels).toEqual(labels);
    const change = (next: Record<string, string>) =>
      world.client.updateSecurityGroup({
        securityGroup: { name: group('h'), labels: next },
        updateMask: { paths: ['labels'] },
      });
    expect((await change({ 'x_1.y-z': '', a: '1', b: '2' })).securityGroup).toEqual(securityGroup);
    expect((await change({ c: 'three' })).securityGroup?.labels).toEqual({ c: 'three' });
    expect((await change({})).securityGroup?.labels).toEqual({});
    const rule = await world.createRule('g', goodRule({ labels: { why: 'ssh' } }));
    expect(rule.labels).toEqual({ why: 'ssh' });
  });
});
