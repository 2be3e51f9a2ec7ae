import { type Client, createClient, createRouterTransport } from '@connectrpc/connect';
import { policyV1 } from '@portcullis/api';
import type { OpenService } from '@portcullis/rpc';
import { createLogger } from '@portcullis/runtime';
import { openStore, type Store } from '@portcullis/store';
import { openPolicy, type PolicyOptions } from '../index.js';
import { InventoryFake } from './inventory.fake.js';

export const log = createLogger('test', { level: 'silent' });

const { Direction, Protocol } = policyV1;

export const parent = 'projects/p';
export const group = (id: string) => `${parent}/securityGroups/${id}`;
export const addressGroup = (id: string) => `${parent}/addressGroups/${id}`;
export const network = (id: string) => `${parent}/networks/${id}`;
export const vm = (id: string) => `${parent}/vmInstances/${id}`;
export const nic = (id: string) => `${parent}/nics/${id}`;

/** Policy on a store, with an inventory that has networks net1 and net2, and NICs n1, n2 on the first and n3 on the second. */
export interface PolicyWorld {
  readonly store: Store;
  readonly inventory: InventoryFake;
  readonly client: Client<typeof policyV1.PolicyService>;
  /** Ends the service and begins it again on the same store. */
  restart(whileClosed?: () => Promise<void> | void): Promise<void>;
  createGroup(id: string): Promise<policyV1.SecurityGroup>;
  createRule(groupId: string, rule: RuleInit): Promise<policyV1.SecurityGroupRule>;
  /** Ids of the NICs of a group. */
  membersOf(groupId: string): Promise<string[]>;
  close(): Promise<void>;
}

/** What a test says of a rule. */
export type RuleInit = Partial<Omit<policyV1.SecurityGroupRule, '$typeName' | '$unknown'>>;

/** A rule that is right in every field. */
export function goodRule(more: RuleInit = {}): RuleInit {
  return { direction: Direction.INGRESS, protocol: Protocol.TCP, startPort: 22, endPort: 22, ...more };
}

export async function openWorld(
  url = 'sqlite::memory:',
  options: Partial<Pick<PolicyOptions, 'now' | 'limits'>> = {},
): Promise<PolicyWorld> {
  const store = await openStore(url, { log, owner: 'policy' });
  const inventory = new InventoryFake();
  for (const id of ['net1', 'net2']) inventory.addNetwork(network(id));
  for (const [id, on] of [
    ['n1', 'net1'],
    ['n2', 'net1'],
    ['n3', 'net2'],
  ] as const) {
    inventory.addNic(nic(id), network(on));
  }
  let service: OpenService;
  let client: PolicyWorld['client'];
  const open = async () => {
    service = await openPolicy({ store, inventory: inventory.transport, log, ...options });
    const { registrations } = service;
    const transport = createRouterTransport((router) => {
      for (const registration of registrations) router.service(registration.service, registration.handlers);
    });
    client = createClient(policyV1.PolicyService, transport);
  };
  await open();
  return {
    store,
    inventory,
    get client() {
      return client;
    },
    restart: async (whileClosed) => {
      await service.close();
      await whileClosed?.();
      await open();
    },
    createGroup: async (id) => {
      const { securityGroup } = await client.createSecurityGroup({ parent, securityGroupId: id, securityGroup: {} });
      return securityGroup as policyV1.SecurityGroup;
    },
    createRule: async (groupId, rule) => {
      const answer = await client.createSecurityGroupRule({ parent: group(groupId), securityGroupRule: rule });
      return answer.securityGroupRule as policyV1.SecurityGroupRule;
    },
    membersOf: async (groupId) => {
      const { memberships } = await client.listMemberships({ parent, securityGroup: group(groupId) });
      return memberships.map((membership) => membership.nic.slice(nic('').length));
    },
    close: async () => {
      await service.close();
      await store.close();
    },
  };
}

/** The document of ExportProject. */
export async function exportedProject({ client }: PolicyWorld, project: string): Promise<Record<string, unknown>> {
  let text = '';
  for await (const { json } of client.exportProject({ parent: project })) text += json;
  return JSON.parse(text);
}
