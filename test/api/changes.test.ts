import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf } from './failure-of.js';
import { type SuiteUnderTest, startSuite } from './suite-under-test.js';
import { ag, goodRule, makeThings, project, sg, type Things } from './things.js';

describe('what stands in the way of a deletion', () => {
  let suite: SuiteUnderTest;
  let things: Things;

  beforeAll(async () => {
    suite = await startSuite();
    things = await makeThings(suite);
  });
  afterAll(() => suite.close());

  it('is listed in order, as much of it as fits, and the rest can be read', async () => {
    const { subjects, message } = await failureOf(suite.policy.deleteSecurityGroup({ name: sg('used') }));
    expect(subjects.length).toBeGreaterThan(20);
    expect(subjects).toEqual(things.usersOfUsed.slice(0, subjects.length));
    expect(message).toContain(`(the first ${subjects.length} are listed)`);
    const { securityGroupRules } = await suite.policy.listReferencingRules({ name: sg('used'), pageSize: 1000 });
    const others = securityGroupRules.map(({ name }) => name).filter((name) => !name.startsWith(`${sg('used')}/`));
    expect(others).toEqual(things.usersOfUsed);
  });

  it('names the one rule of an address group; by force both go, the others stay', async () => {
    expect(await failureOf(suite.policy.deleteAddressGroup({ name: ag('used') }))).toMatchObject({
      subjects: [things.userOfList],
    });
    await suite.policy.deleteAddressGroup({ name: ag('used'), force: true });
    const { securityGroupRules } = await suite.policy.listSecurityGroupRules({ parent: sg('user'), pageSize: 1000 });
    const names = securityGroupRules.map(({ name }) => name);
    expect(names).not.toContain(things.userOfList);
    expect(names).toEqual(expect.arrayContaining([...things.usersOfUsed]));
  });

  it('goes by force, out of default rules as well', async () => {
    const parent = 'projects/templated';
    await suite.policy.deleteSecurityGroup({ name: `${parent}/securityGroups/peer`, force: true });
    await suite.policy.deleteAddressGroup({ name: `${parent}/addressGroups/peer`, force: true });
    const { defaultRules } = await suite.policy.getDefaultRules({ name: `${parent}/defaultRules` });
    expect(defaultRules?.rules).toEqual([]);
  });

  it('answers a request again that was carried out, whatever has happened since', async () => {
    await suite.policy.deleteSecurityGroup({ name: sg('done') });
    const again = await suite.policy.createSecurityGroup(things.done);
    expect(again.securityGroup?.name).toBe(sg('done'));
    expect(await failureOf(suite.policy.getSecurityGroup({ name: sg('done') }))).toMatchObject({ code: 'NotFound' });
  });
});

describe('a call that would hold up all others', () => {
  let suite: SuiteUnderTest;

  beforeAll(async () => {
    suite = await startSuite();
    await suite.policy.createSecurityGroup({ parent: project, securityGroupId: 'g' });
    const rules = Array.from({ length: 100 }, (_, i) => ({ ...goodRule, endPort: 100 + i }));
    await suite.policy.updateDefaultRules({
      defaultRules: { name: `${project}/defaultRules`, rules },
      updateMask: { paths: ['rules'] },
    });
  });
  afterAll(() => suite.close());

  const groups = (count: number) => Array.from({ length: count }, () => ({ parent: project }));

  it('is refused as a whole', async () => {
    const before = await suite.revisions();
    const call = suite.policy.batchCreateSecurityGroups({ parent: project, requests: groups(500) });
    expect(await failureOf(call)).toMatchObject({
      code: 'ResourceExhausted',
      reason: 'CHANGE_TOO_LARGE',
      message: expect.stringContaining('more than 10000 resources'),
    });
    expect(await suite.revisions()).toBe(before);
  });

  it('others go on while the largest is carried out, and the groups have all of their rules', async () => {
    const large = suite.policy.batchCreateSecurityGroups({ parent: project, requests: groups(97) });
    let isDone = false;
    const ended = large.finally(() => {
      isDone = true;
    });
    expect((await suite.policy.getSecurityGroup({ name: sg('g') })).securityGroup?.name).toBe(sg('g'));
    expect(isDone).toBe(false);
    const { securityGroups } = await ended;
    expect(securityGroups).toHaveLength(97);
    const parent = securityGroups.at(-1)?.name ?? '';
    const { securityGroupRules } = await suite.policy.listSecurityGroupRules({ parent, pageSize: 1000 });
    expect(securityGroupRules).toHaveLength(102);
  });

  it('an import of as much as is allowed is one revision', async () => {
    const IpPermissions = Array.from({ length: 98 }, (_, i) => ({
      ...{ IpProtocol: 'tcp', FromPort: i + 1, ToPort: i + 1, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
    }));
    const SecurityGroups = Array.from({ length: 100 }, (_, i) => ({ GroupId: `i${i}`, GroupName: 'a', IpPermissions }));
    const document = JSON.stringify({ SecurityGroups });
    const before = (await suite.revisions()).split(/[ ,]/)[2];
    const answer = await suite.policy.importSecurityGroups({ parent: project, format: 2, document });
    expect(answer.securityGroups).toHaveLength(100);
    expect((await suite.revisions()).split(/[ ,]/)[2]).toBe(String(Number(before) + 1));
  });
});
