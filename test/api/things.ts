import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { inventoryV1, policyV1 } from '@portcullis/api';
import type { SuiteUnderTest } from './suite-under-test.js';

const { Direction, Protocol } = policyV1;

export const project = 'projects/p';
export const sg = (id: string) => `${project}/securityGroups/${id}`;
export const ag = (id: string) => `${project}/addressGroups/${id}`;
export const network = (id: string) => `${project}/networks/${id}`;
export const vm = (id: string) => `${project}/vmInstances/${id}`;
export const nic = (id: string) => `${project}/nics/${id}`;
export const host = (id: string) => `hosts/${id}`;

/** TCP port 22 into the NIC. */
export const goodRule = { direction: Direction.INGRESS, protocol: Protocol.TCP, startPort: 22, endPort: 22 };

/** What the service chose, or what is only known when everything has been made. */
export interface Things {
  /** Of group g, TCP port 22 from anywhere. */
  readonly rule: policyV1.SecurityGroupRule;
  /** Names of the rules that name group `used`, ascending. */
  readonly usersOfUsed: readonly string[];
  /** The one rule that names address group `used`. */
  readonly userOfList: string;
  /** An etag that was right before group g changed. */
  readonly staleEtag: string;
  /** Tokens of policy and of inventory. */
  readonly policyToken: string;
  readonly inventoryToken: string;
  /** Of ListSecurityGroups of project p. */
  readonly pageToken: string;
  /** A request that was carried out. */
  readonly done: { readonly parent: string; readonly securityGroupId: string; readonly requestId: string };
}

/**
 * Project p: networks a (10.0.0.0/24, 2001:db8::/64) and b (without CIDRs); hosts h1, h2; VM v with NICs v-a (bound to h1 as tap0)
 * and v-b, VM bare without any; groups g (attached to a, v-a in it), used (100 rules of group `user` name it), plain; address groups
 * list and used. Project q holds a NIC on network b and group g. Project full may not grow.
 */
export async function makeThings({ policy, inventory }: SuiteUnderTest): Promise<Things> {
  const { FLAT, VPC } = inventoryV1.NetworkKind;
  const cidrs = ['10.0.0.0/24', '2001:db8::/64'];
  await inventory.createNetwork({ parent: project, networkId: 'a', network: { kind: VPC, routingDomain: 'd', cidrs } });
  await inventory.createNetwork({ parent: project, networkId: 'b', network: { kind: FLAT } });
  for (const hostId of ['h1', 'h2']) await inventory.createHost({ hostId });
  for (const vmInstanceId of ['v', 'bare']) await inventory.createVmInstance({ parent: project, vmInstanceId });
  const make = (nicId: string, vmInstance: string, fields: object, parent = project) =>
    inventory.createNic({ parent, nicId, nic: { vmInstance, macAddress: '02:00:00:00:00:01', ...fields } });
  await make('v-a', vm('v'), { network: network('a'), addresses: ['10.0.0.1', '2001:db8::1'] });
  await make('v-b', vm('v'), { network: network('b'), macAddress: '02:00:00:00:00:02' });
  await inventory.createVmInstance({ parent: 'projects/q', vmInstanceId: 'v' });
  const strange = { network: network('b'), macAddress: '02:00:00:00:00:03' };
  await make('n', 'projects/q/vmInstances/v', strange, 'projects/q');
  await inventory.createNicBinding({ parent: nic('v-a'), nicBinding: { host: host('h1'), interfaceName: 'tap0' } });

  // What the tables of the services are about.
  await inventory.createNetwork({ parent: project, networkId: 'vpc', network: { kind: VPC, cidrs } });
  await inventory.createNetwork({ parent: project, networkId: 'flat', network: { kind: FLAT } });
  for (const vmInstanceId of ['vm1', 'vm2']) await inventory.createVmInstance({ parent: project, vmInstanceId });
  const tabled = { network: network('vpc'), macAddress: '52:54:00:00:00:01', addresses: ['10.0.0.1', '2001:db8::1'] };
  await make('n1', vm('vm1'), tabled);

  const create = async (securityGroupId: string, parent = project) =>
    (await policy.createSecurityGroup({ parent, securityGroupId })).securityGroup;
  const stale = await create('g');
  for (const id of ['used', 'user', 'plain']) await create(id);
  await create('g', 'projects/q');
  await policy.attachNetworks({ securityGroup: sg('g'), networks: [network('a')] });
  await policy.addNics({ securityGroup: sg('g'), nics: [nic('v-a')] });
  for (const addressGroupId of ['list', 'used']) {
    await policy.createAddressGroup({ parent: project, addressGroupId, addressGroup: { cidrs: ['192.0.2.0/24'] } });
  }
  const { securityGroupRule: rule } = await policy.createSecurityGroupRule({
    parent: sg('g'),
    securityGroupRule: goodRule,
  });
  const users = await policy.batchCreateSecurityGroupRules({
    parent: sg('user'),
    securityGroupRules: Array.from({ length: 100 }, (_, i) => ({
      ...goodRule,
      endPort: 100 + i,
      remoteSecurityGroup: sg('used'),
    })),
  });
  const { securityGroupRule: listed } = await policy.createSecurityGroupRule({
    parent: sg('user'),
    securityGroupRule: { ...goodRule, addressGroup: ag('used') },
  });

  await inventory.createNetwork({ parent: 'projects/full', networkId: 'n', network: { kind: FLAT } });
  await inventory.createVmInstance({ parent: 'projects/full', vmInstanceId: 'v' });
  for (const i of [1, 2]) {
    const fields = { network: 'projects/full/networks/n', macAddress: `02:00:00:00:01:0${i}` };
    await make(`n${i}`, 'projects/full/vmInstances/v', fields, 'projects/full');
  }
  for (const id of ['one', 'two']) {
    await create(id, 'projects/full');
    const securityGroup = `projects/full/securityGroups/${id}`;
    await policy.attachNetworks({ securityGroup, networks: ['projects/full/networks/n'] });
  }
  await policy.addNics({ securityGroup: 'projects/full/securityGroups/one', nics: ['projects/full/nics/n1'] });
  const full = { parent: 'projects/full', addressGroupId: 'list', addressGroup: { cidrs: ['192.0.2.0/24'] } };
  await policy.createAddressGroup(full);
  const limits = {
    ...{ groupsPerProject: 2, rulesPerGroup: 3, nicsPerGroup: 1, groupsPerNic: 1 },
    ...{ addressGroupsPerProject: 1, cidrsPerAddressGroup: 1 },
  };
  await policy.updateProjectQuota({
    projectQuota: { name: 'projects/full/quota', ...limits },
    updateMask: {
      paths: [
        ...['groups_per_project', 'rules_per_group', 'nics_per_group', 'groups_per_nic'],
        ...['address_groups_per_project', 'cidrs_per_address_group'],
      ],
    },
  });
  const defaults = { name: 'projects/templated/defaultRules', rules: [{ ...goodRule }] };
  const named = { parent: 'projects/templated' };
  await policy.createSecurityGroup({ ...named, securityGroupId: 'peer' });
  await policy.createAddressGroup({ ...named, addressGroupId: 'peer', addressGroup: { cidrs: ['192.0.2.0/24'] } });
  const templated = [
    { ...goodRule, remoteSecurityGroup: 'projects/templated/securityGroups/peer' },
    { ...goodRule, addressGroup: 'projects/templated/addressGroups/peer' },
  ];
  await policy.updateDefaultRules({
    defaultRules: { ...defaults, rules: templated },
    updateMask: { paths: ['rules'] },
  });

  const done = {
    ...{ parent: project, securityGroupId: 'done', requestId: '6f1c0a52-3f0c-4b8e-9f0a-1d2e3f405162' },
  };
  const { revisionToken } = await policy.createSecurityGroup(done);
  const { revisionToken: inventoryToken } = await inventory.createHost({ hostId: 'last' });
  const { nextPageToken } = await policy.listSecurityGroups({ parent: project, pageSize: 1 });
  return {
    rule: rule as policyV1.SecurityGroupRule,
    usersOfUsed: users.securityGroupRules.map(({ name }) => name).toSorted(),
    userOfList: listed?.name ?? '',
    staleEtag: stale?.etag ?? '',
    policyToken: revisionToken,
    inventoryToken,
    pageToken: nextPageToken,
    done,
  };
}

export const past = timestampFromDate(new Date('2020-01-01'));
