import { formatRevisionToken, type policyV1 } from '@portcullis/api';
import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goodRule, group, network, nic, openWorld, type PolicyWorld, parent } from './testing/policy-world.js';

describe('a watch of policy', () => {
  let world: PolicyWorld;
  let stop: AbortController;

  beforeEach(async () => {
    world = await openWorld();
    stop = new AbortController();
    await world.createGroup('g');
    await world.client.attachNetworks({ securityGroup: group('g'), networks: [network('net1')] });
    await world.client.addNics({ securityGroup: group('g'), nics: [nic('n1')] });
  });
  afterEach(async () => {
    stop.abort();
    await world.close();
  });

  const watch = (resumeToken = '') =>
    world.client.watch({ resumeToken }, { signal: stop.signal })[Symbol.asyncIterator]();

  async function next(events: AsyncIterator<policyV1.WatchResponse>, count: number) {
    const told: policyV1.WatchResponse['event'][] = [];
    while (told.length < count) told.push((await events.next()).value.event);
    return told;
  }

  it('tells groups, rules and memberships, at a revision', async () => {
    const events = (await next(watch(), 6)).map(describeEvent);
    expect(events).toEqual([
      'started',
      'securityGroup',
      'securityGroupRule',
      'securityGroupRule',
      'membership',
      'completed 3',
    ]);
  });

  it('tells each commit whole, and names what is gone', async () => {
    const events = watch();
    await next(events, 6);
    const rule = await world.createRule('g', goodRule());
    await world.client.deleteSecurityGroupRule({ name: rule.name });
    await world.client.detachNetworks({ securityGroup: group('g'), networks: [network('net1')] });
    const { revisionToken } = await world.client.deleteSecurityGroup({ name: group('g') });
    const commits = await next(events, 4);
    expect(commits.map(describeEvent)).toEqual([
      'commit 4: +securityGroupRule',
      `commit 5: -securityGroupRule ${rule.name}`,
      `commit 6: -membership ${group('g')} ${nic('n1')} +securityGroup`,
      expect.stringMatching(/^commit 7: (-securityGroupRule \S+ ){2}-securityGroup projects\/p\/securityGroups\/g$/),
    ]);
    expect(commits.at(-1)?.value).toMatchObject({ revisionToken });
  });

  it('resumes after the token of a change, also after a restart', async () => {
    const { revisionToken } = await world.client.createSecurityGroup({ parent, securityGroupId: 'h' });
    await world.createRule('h', goodRule());
    await world.restart();
    await world.createRule('h', goodRule({ endPort: 23 }));
    const told = await next(watch(revisionToken), 2);
    expect(told.map(describeEvent)).toEqual(['commit 5: +securityGroupRule', 'commit 6: +securityGroupRule']);
  });

  it('begins anew with a token of another store', async () => {
    const token = formatRevisionToken({ service: 'policy', epoch: 'other', revision: 2 });
    expect((await next(watch(token), 1)).map(describeEvent)).toEqual(['started']);
  });

  it.each(['x', formatRevisionToken({ service: 'inventory', epoch: 'e', revision: 1 })])(
    'refuses %j as a token',
    async (token) => {
      expect(await failureOf(watch(token).next())).toMatchObject({
        code: 'InvalidArgument',
        violations: ['resume_token REVISION_TOKEN_MALFORMED'],
      });
    },
  );

  it('tells a reader that sleeps through many commits each of them once', async () => {
    const events = watch();
    await next(events, 6);
    for (let i = 0; i < 150; i += 1) await world.createRule('g', goodRule({ startPort: 1, endPort: 1 + i }));
    const told = await next(events, 150);
    const revisions = told.map((event) => (event.case === 'commit' ? Number(event.value.revision) : event.case));
    expect(revisions).toEqual(Array.from({ length: 150 }, (_, i) => i + 4));
  });
});

function describeEvent(event: policyV1.WatchResponse['event']): string {
  switch (event.case) {
    case 'snapshotStarted':
      return 'started';
    case 'put':
      return `${event.value.resource.case}`;
    case 'snapshotCompleted':
      return `completed ${event.value.revision}`;
    case 'commit':
      return `commit ${event.value.revision}: ${event.value.changes.map(describeChange).join(' ')}`;
    default:
      return 'nothing';
  }
}

function describeChange({ change }: policyV1.Change): string {
  if (change.case === 'put') return `+${change.value.resource.case}`;
  const removed = change.value?.removed;
  if (removed?.case === 'membership') return `-membership ${removed.value.securityGroup} ${removed.value.nic}`;
  return `-${removed?.case} ${removed?.value}`;
}
