import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { group, network, nic, openWorld, type PolicyWorld, parent, vm } from '../testing/policy-world.js';

let world: PolicyWorld;
let client: PolicyWorld['client'];

beforeEach(async () => {
  world = await openWorld('sqlite::memory:', { limits: { groupsPerNic: 2 } });
  client = world.client;
  for (const id of ['g', 'h', 'i']) {
    await world.createGroup(id);
    await client.attachNetworks({ securityGroup: group(id), networks: [network('net1')] });
  }
  for (const id of ['v', 'bare']) world.inventory.addVm(vm(id));
  world.inventory.addNic(nic('v1'), network('net1'), vm('v'));
  world.inventory.addNic(nic('v2'), network('net2'), vm('v'));
});
afterEach(() => world.close());

const revision = async () => (await world.store.read(async () => undefined)).revision;

describe('the groups of a NIC', () => {
  const set = (id: string, ...ids: string[]) =>
    client.setNicSecurityGroups({ nic: nic(id), securityGroups: ids.map(group) });
  const groupsOf = async (id: string) => {
    const { memberships } = await client.listMemberships({ parent, nic: nic(id) });
    return memberships.map(({ securityGroup }) => securityGroup.slice(group('').length));
  };

  it('become exactly those that are sent, in one revision', async () => {
    await set('n1', 'g', 'h');
    const before = await revision();
    const { memberships } = await set('n1', 'i', 'h', 'i');
    expect(memberships.map(({ securityGroup }) => securityGroup)).toEqual([group('h'), group('i')]);
    expect(memberships[0]).toEqual((await client.listMemberships({ parent, nic: nic('n1') })).memberships[0]);
    expect(await groupsOf('n1')).toEqual(['h', 'i']);
    expect(await revision()).toBe(before + 1);
    await set('n1', 'i', 'h');
    expect(await revision()).toBe(before + 1);
  });

  it('are none after an empty list', async () => {
    await set('n1', 'g', 'h');
    expect((await set('n1')).memberships).toEqual([]);
    expect(await groupsOf('n1')).toEqual([]);
  });

  it('stay as they are where one of them is not attached to its network, does not exist, or is one too many', async () => {
    await set('n1', 'g');
    await client.detachNetworks({ securityGroup: group('h'), networks: [network('net1')] });
    expect(await failureOf(set('n1', 'i', 'h'))).toMatchObject({
      code: 'FailedPrecondition',
      reason: 'NETWORK_NOT_ATTACHED',
      subjects: [nic('n1')],
    });
    expect(await failureOf(set('n1', 'i', 'x'))).toMatchObject({ code: 'NotFound', resources: [group('x')] });
    await client.attachNetworks({ securityGroup: group('h'), networks: [network('net1')] });
    expect(await failureOf(set('n1', 'g', 'h', 'i'))).toMatchObject({ reason: 'QUOTA_EXCEEDED' });
    expect(await groupsOf('n1')).toEqual(['g']);
  });

  it('are those of the NIC that exists now, not of an earlier one of its name', async () => {
    await set('n1', 'g');
    const before = (await client.listMemberships({ parent, nic: nic('n1') })).memberships[0]?.nicUid;
    world.inventory.beforeAnswer = () => undefined;
    world.inventory.removeNic(nic('n1'));
    world.inventory.addNic(nic('n1'), network('net1'));
    const { memberships } = await set('n1', 'g');
    expect(memberships).toHaveLength(1);
    expect(memberships[0]?.nicUid).not.toBe(before);
  });

  it('need a NIC that exists', async () => {
    expect(await failureOf(set('none'))).toMatchObject({ code: 'NotFound', resources: [nic('none')] });
  });
});

describe('a VM', () => {
  const groups = (...ids: string[]) => ids.map(group);
  const add = (id: string, securityGroups: string[], more: object = {}) =>
    client.addVmInstance({ vmInstance: vm(id), securityGroups, ...more });
  const remove = (id: string, ...ids: string[]) =>
    client.removeVmInstance({ vmInstance: vm(id), securityGroups: groups(...ids) });

  it('joins with all of its NICs or with none, and each pair that does not fit is named', async () => {
    const failure = await failureOf(add('v', groups('g', 'h')));
    expect(failure).toMatchObject({
      code: 'FailedPrecondition',
      reason: 'NETWORK_NOT_ATTACHED',
      subjects: [nic('v2'), nic('v2')],
    });
    expect(await world.membersOf('g')).toEqual([]);
    await client.attachNetworks({ securityGroup: group('g'), networks: [network('net2')] });
    const before = await revision();
    const { memberships } = await add('v', groups('g'));
    expect(memberships.map((each) => each.nic)).toEqual([nic('v1'), nic('v2')]);
    expect(await world.membersOf('g')).toEqual(['v1', 'v2']);
    expect(await revision()).toBe(before + 1);
  });

  it('leaves out NICs on other networks where that is asked for', async () => {
    const { memberships } = await add('v', groups('h', 'g'), { attachedOnly: true });
    expect(memberships.map((each) => [each.securityGroup, each.nic])).toEqual([
      [group('h'), nic('v1')],
      [group('g'), nic('v1')],
    ]);
  });

  it('must exist, and have NICs', async () => {
    expect(await failureOf(add('none', groups('g')))).toMatchObject({ code: 'NotFound', resources: [vm('none')] });
    expect(await failureOf(remove('none', 'g'))).toMatchObject({ code: 'NotFound', resources: [vm('none')] });
    expect(await failureOf(add('bare', groups('g')))).toMatchObject({
      code: 'FailedPrecondition',
      reason: 'VM_INSTANCE_WITHOUT_NICS',
      subjects: [vm('bare')],
    });
    expect(await failureOf(add('v', groups('g', 'x', 'y')))).toMatchObject({ resources: groups('x', 'y') });
  });

  it('whose group loses the network meanwhile stays out', async () => {
    let detaching: Promise<unknown> | undefined;
    await client.attachNetworks({ securityGroup: group('g'), networks: [network('net2')] });
    world.inventory.beforeAnswer = () => {
      detaching ??= client.detachNetworks({ securityGroup: group('g'), networks: [network('net2')] });
    };
    expect(await failureOf(add('v', groups('g')))).toMatchObject({ reason: 'NETWORK_NOT_ATTACHED' });
    await detaching;
    expect(await world.membersOf('g')).toEqual([]);
  });

  it('whose NIC is deleted while it joins is taken out again', async () => {
    world.inventory.beforeAnswer = () => {
      world.inventory.beforeAnswer = () => undefined;
      world.inventory.removeNic(nic('v1'));
    };
    await add('v', groups('g'), { attachedOnly: true });
    await expect.poll(() => world.membersOf('g')).toEqual([]);
  });

  it('leaves groups with all of its NICs, and is told where none of them is in', async () => {
    await add('v', groups('g', 'h'), { attachedOnly: true });
    expect(await failureOf(remove('v', 'g', 'i'))).toMatchObject({ code: 'NotFound', resources: [group('i')] });
    expect(await world.membersOf('g')).toEqual(['v1']);
    await remove('v', 'h', 'g');
    expect([await world.membersOf('g'), await world.membersOf('h')]).toEqual([[], []]);
  });

  it('changes nothing where the request only validates', async () => {
    const { memberships } = await add('v', groups('g'), { attachedOnly: true, validateOnly: true });
    expect(memberships).toHaveLength(1);
    expect(await world.membersOf('g')).toEqual([]);
  });
});

describe('NICs that could join a group', () => {
  const list = (more: object = {}) => client.listCandidateNics({ securityGroup: group('g'), ...more });
  const listAll = async (more: object = {}) => {
    const pages: string[][] = [];
    let pageToken = '';
    do {
      const page = await list({ ...more, pageToken });
      pages.push(page.candidateNics.map((each) => each.nic.slice(nic('').length)));
      pageToken = page.nextPageToken;
    } while (pageToken !== '' && pages.length < 50);
    return pages;
  };

  it('are on its networks and not in it', async () => {
    await client.addNics({ securityGroup: group('g'), nics: [nic('n2')] });
    expect((await listAll()).flat()).toEqual(['n1', 'v1']);
    const { candidateNics } = await list();
    expect(candidateNics[1]).toMatchObject({ nic: nic('v1'), vmInstance: vm('v'), network: network('net1') });
    await client.attachNetworks({ securityGroup: group('g'), networks: [network('net2')] });
    expect((await listAll()).flat()).toEqual(['n1', 'n3', 'v1', 'v2']);
  });

  it('are none of a group without networks, and none of a group that does not exist', async () => {
    await client.detachNetworks({ securityGroup: group('g'), networks: [network('net1')] });
    expect(await listAll()).toEqual([[]]);
    expect(await failureOf(list({ securityGroup: group('x') }))).toMatchObject({ code: 'NotFound' });
  });

  it('are told page by page, each once, with a bounded number of questions for one page', async () => {
    for (let i = 100; i < 140; i += 1) world.inventory.addNic(nic(`m${i}`), network('net1'));
    const members = Array.from({ length: 30 }, (_, i) => nic(`m${100 + i}`));
    await client.addNics({ securityGroup: group('g'), nics: members });
    world.inventory.questions.length = 0;
    const pages = await listAll({ pageSize: 3 });
    const left = Array.from({ length: 10 }, (_, i) => `m${130 + i}`);
    expect(pages.flat()).toEqual([...left, 'n1', 'n2', 'v1']);
    expect(pages[0]).toEqual([]);
    expect(world.inventory.questions.length).toBeLessThanOrEqual(5 * pages.length);
  });

  it('go on to be listed when the group is attached to another network meanwhile', async () => {
    const first = await list({ pageSize: 1 });
    await client.attachNetworks({ securityGroup: group('g'), networks: [network('net2')] });
    const second = await list({ pageSize: 1, pageToken: first.nextPageToken });
    expect(second.candidateNics.map((each) => each.nic)).toEqual([nic('n2')]);
    const misplaced = list({ pageToken: first.nextPageToken, filter: 'vm_instance:*' });
    expect(await failureOf(misplaced)).toMatchObject({ violations: ['page_token PAGE_TOKEN_MALFORMED'] });
  });

  it('are asked of inventory with the filter and the networks', async () => {
    world.inventory.questions.length = 0;
    await list({ filter: `vm_instance = "${vm('v')}"` });
    expect(world.inventory.questions).toEqual([`(vm_instance = "${vm('v')}") AND (network = "${network('net1')}")`]);
  });

  it('a filter that inventory refuses is refused', async () => {
    expect(await failureOf(list({ filter: 'name =' }))).toMatchObject({
      code: 'InvalidArgument',
      violations: ['filter FILTER_MALFORMED'],
    });
    world.inventory.isDown = true;
    expect(await failureOf(list())).toMatchObject({ code: 'Unavailable', reason: 'INVENTORY_UNAVAILABLE' });
  });
});

describe('memberships', () => {
  it('are listed by filter and in descending order', async () => {
    for (const [id, of] of [
      ['n1', 'g'],
      ['n1', 'h'],
      ['n2', 'g'],
    ] as const) {
      await client.addNics({ securityGroup: group(of), nics: [nic(id)] });
    }
    const list = async (more: object) => {
      const { memberships } = await client.listMemberships({ parent, ...more });
      return memberships.map((each) => `${each.securityGroup.slice(-1)} ${each.nic.slice(-2)}`);
    };
    expect(await list({ orderBy: 'name desc' })).toEqual(['h n1', 'g n2', 'g n1']);
    expect(await list({ filter: `nic = "${nic('n1')}" AND NOT security_group = "${group('h')}"` })).toEqual(['g n1']);
    expect(await list({ filter: `network = "${network('net2')}"` })).toEqual([]);
  });
});
