import { type BatchWorld, batchContract } from '@portcullis/resource/testing/batch-contract';
import { goodRule, group, openWorld, type PolicyWorld, parent } from './testing/policy-world.js';

let world: PolicyWorld;

async function open(): Promise<BatchWorld> {
  world = await openWorld();
  return {
    client: world.client,
    revision: async () => (await world.store.read(async () => undefined)).revision,
    close: () => world.close(),
  };
}

batchContract(open, [
  {
    one: 'securityGroup',
    many: 'securityGroups',
    parent,
    make: async () => {
      for (const id of ['a', 'b']) await world.createGroup(id);
      return [group('a'), group('b')];
    },
    creation: {
      fresh: [{ parent, securityGroupId: 'c', securityGroup: {} }, { parent }],
      taken: { parent, securityGroupId: 'a' },
      wrong: [{}, ['parent FIELD_REQUIRED']],
    },
  },
  {
    one: 'securityGroupRule',
    many: 'securityGroupRules',
    parent,
    make: async () => {
      await world.createGroup('g');
      const [a, b] = [await world.createRule('g', goodRule()), await world.createRule('g', goodRule({ cidr: '::/0' }))];
      return a.name < b.name ? [a.name, b.name] : [b.name, a.name];
    },
  },
  {
    one: 'addressGroup',
    many: 'addressGroups',
    parent,
    make: async () => {
      for (const addressGroupId of ['a', 'b']) await world.client.createAddressGroup({ parent, addressGroupId });
      return [`${parent}/addressGroups/a`, `${parent}/addressGroups/b`];
    },
    creation: {
      fresh: [{ parent, addressGroupId: 'c', addressGroup: { cidrs: ['10.0.0.0/8'] } }, { parent }],
      taken: { parent, addressGroupId: 'b' },
      wrong: [{}, ['parent FIELD_REQUIRED']],
    },
  },
]);
