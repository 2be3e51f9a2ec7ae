import { setTimeout as sleep } from 'node:timers/promises';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { type Client, createClient, type Transport } from '@connectrpc/connect';
import { dispatchV1, inventoryV1, policyV1 } from '@portcullis/api';
import { bridgeOf, project, vmOf } from './world.js';

/** A rule as the rows write it. `icmp` is a type, or a type and a code. */
export interface RuleSpec {
  readonly direction: 'INGRESS' | 'EGRESS';
  readonly protocol: 'ALL' | 'TCP' | 'UDP' | 'ICMP';
  readonly ports?: readonly [number, number];
  readonly icmp?: readonly [number, number?];
  readonly cidr?: string;
  /** Id of the address group. */
  readonly named?: string;
  /** Id of the remote group. */
  readonly remote?: string;
  readonly expireInMs?: number;
}

/**
 * The cloud's scheduler and a tenant in one: calls the services over gRPC as any client does.
 *
 * Owns: the last revision token of each service, and a line for each call made since `takeCalls`.
 */
export class Scheduler {
  readonly policy: Client<typeof policyV1.PolicyService>;
  readonly inventory: Client<typeof inventoryV1.InventoryService>;
  readonly dispatch: Client<typeof dispatchV1.DispatchService>;
  readonly #tokens = new Map<'policy' | 'inventory', string>();
  #calls: string[] = [];
  #calledAt: number | undefined;

  constructor(transport: Transport) {
    this.policy = createClient(policyV1.PolicyService, transport);
    this.inventory = createClient(inventoryV1.InventoryService, transport);
    this.dispatch = createClient(dispatchV1.DispatchService, transport);
  }

  /** The calls since the last time, and when the last one was sent (performance.now). */
  takeCalls(): { calls: string[]; calledAt: number | undefined } {
    const taken = { calls: this.#calls, calledAt: this.#calledAt };
    this.#calls = [];
    this.#calledAt = undefined;
    return taken;
  }

  /** Waits until every host enforces everything said so far; returns the hosts that do not, with the reason. */
  async waitForEnforcement(timeoutMs = 10_000): Promise<string[]> {
    const answer = await this.dispatch.waitForEnforcement({
      revisionTokens: [...this.#tokens.values()],
      timeout: durationFromMs(timeoutMs),
    });
    if (answer.enforced) return [];
    const lagging = answer.laggingHosts.map(({ host, message }) => `${host}: ${message}`);
    return lagging.length > 0 ? lagging : ['the dispatcher has not seen the change yet'];
  }

  createNetwork(id: string, kind: keyof typeof inventoryV1.NetworkKind, cidrs: string[]): Promise<unknown> {
    const network = { kind: inventoryV1.NetworkKind[kind], cidrs };
    return this.#say('inventory', `CreateNetwork ${id} ${kind}`, () =>
      this.inventory.createNetwork({ parent: project, networkId: id, network }),
    );
  }

  createHost(id: string): Promise<unknown> {
    return this.#say('inventory', `CreateHost ${id}`, () => this.inventory.createHost({ hostId: id, host: {} }));
  }

  /** A VM and its one NIC, not yet bound to a host. */
  async createVm(id: string): Promise<void> {
    const { mac, addresses, network } = vmOf(id);
    await this.#say('inventory', `CreateVmInstance ${id}`, () =>
      this.inventory.createVmInstance({ parent: project, vmInstanceId: id, vmInstance: {} }),
    );
    const nic = {
      vmInstance: `${project}/vmInstances/${id}`,
      network: `${project}/networks/${network}`,
      macAddress: mac,
      addresses: [...addresses],
    };
    await this.#say('inventory', `CreateNic ${id}`, () =>
      this.inventory.createNic({ parent: project, nicId: id, nic }),
    );
  }

  bind(id: string): Promise<unknown> {
    const { host, interfaceName, network } = vmOf(id);
    const nicBinding = { host: `hosts/${host}`, interfaceName, bridgeName: bridgeOf(network) };
    return this.#say('inventory', `CreateNicBinding ${id} on ${host}`, () =>
      this.inventory.createNicBinding({ parent: nicName(id), nicBinding }),
    );
  }

  unbind(id: string): Promise<unknown> {
    const { host } = vmOf(id);
    return this.#say('inventory', `DeleteNicBinding ${id} on ${host}`, () =>
      this.inventory.deleteNicBinding({ name: `${nicName(id)}/bindings/${host}` }),
    );
  }

  updateNic(id: string, nic: { antiSpoofing?: boolean; egressDefault?: inventoryV1.EgressDefault }): Promise<unknown> {
    const paths = Object.keys(nic).map((key) => (key === 'antiSpoofing' ? 'anti_spoofing' : 'egress_default'));
    const values = [nic.antiSpoofing, nic.egressDefault && inventoryV1.EgressDefault[nic.egressDefault]];
    return this.#say(
      'inventory',
      `UpdateNic ${id} ${paths.join()}=${values.filter((each) => each !== undefined)}`,
      () => this.inventory.updateNic({ nic: { name: nicName(id), ...nic }, updateMask: { paths } }),
    );
  }

  createGroup(id: string): Promise<unknown> {
    return this.#say('policy', `CreateSecurityGroup ${id}`, () =>
      this.policy.createSecurityGroup({ parent: project, securityGroupId: id, securityGroup: {} }),
    );
  }

  deleteGroup(id: string, { force = false } = {}): Promise<unknown> {
    return this.#say('policy', `DeleteSecurityGroup ${id}${force ? ' force' : ''}`, () =>
      this.policy.deleteSecurityGroup({ name: groupName(id), force }),
    );
  }

  setState(id: string, state: 'ENABLED' | 'DISABLED'): Promise<unknown> {
    const securityGroup = { name: groupName(id), state: policyV1.SecurityGroupState[state] };
    return this.#say('policy', `UpdateSecurityGroup ${id} state=${state}`, () =>
      this.policy.updateSecurityGroup({ securityGroup, updateMask: { paths: ['state'] } }),
    );
  }

  attach(id: string, ...networkIds: string[]): Promise<unknown> {
    return this.#say('policy', `AttachNetworks ${id} to ${networkIds.join('+')}`, () =>
      this.policy.attachNetworks({ securityGroup: groupName(id), networks: networkIds.map(networkName) }),
    );
  }

  detach(id: string, ...networkIds: string[]): Promise<unknown> {
    return this.#say('policy', `DetachNetworks ${id} from ${networkIds.join('+')}`, () =>
      this.policy.detachNetworks({ securityGroup: groupName(id), networks: networkIds.map(networkName) }),
    );
  }

  join(id: string, ...nicIds: string[]): Promise<unknown> {
    return this.#say('policy', `AddNics ${nicIds.join('+')} to ${id}`, () =>
      this.policy.addNics({ securityGroup: groupName(id), nics: nicIds.map(nicName) }),
    );
  }

  leave(id: string, ...nicIds: string[]): Promise<unknown> {
    return this.#say('policy', `RemoveNics ${nicIds.join('+')} from ${id}`, () =>
      this.policy.removeNics({ securityGroup: groupName(id), nics: nicIds.map(nicName) }),
    );
  }

  /** Adds rules in one call; returns their names. */
  async addRules(id: string, ...specs: RuleSpec[]): Promise<string[]> {
    const securityGroupRules = specs.map(ruleMessage);
    const { securityGroupRules: created } = await this.#say(
      'policy',
      `CreateSecurityGroupRule ${id}: ${specs.map(ruleText).join(', ')}`,
      () => this.policy.batchCreateSecurityGroupRules({ parent: groupName(id), securityGroupRules }),
    );
    return created.map(({ name }) => name);
  }

  createAddressGroup(id: string, ...cidrs: string[]): Promise<unknown> {
    return this.#say('policy', `CreateAddressGroup ${id}: ${cidrs.join(', ')}`, () =>
      this.policy.createAddressGroup({ parent: project, addressGroupId: id, addressGroup: { cidrs } }),
    );
  }

  addCidrs(id: string, ...cidrs: string[]): Promise<unknown> {
    return this.#say('policy', `AddCidrs ${cidrs.join(', ')} to ${id}`, () =>
      this.policy.addCidrs({ addressGroup: addressGroupName(id), cidrs }),
    );
  }

  removeCidrs(id: string, ...cidrs: string[]): Promise<unknown> {
    return this.#say('policy', `RemoveCidrs ${cidrs.join(', ')} from ${id}`, () =>
      this.policy.removeCidrs({ addressGroup: addressGroupName(id), cidrs }),
    );
  }

  disableRule(name: string): Promise<unknown> {
    return this.#say('policy', 'UpdateSecurityGroupRule disabled=true', () =>
      this.policy.updateSecurityGroupRule({
        securityGroupRule: { name, disabled: true },
        updateMask: { paths: ['disabled'] },
      }),
    );
  }

  removeRule(name: string): Promise<unknown> {
    return this.#say('policy', 'DeleteSecurityGroupRule', () => this.policy.deleteSecurityGroupRule({ name }));
  }

  /** Waits, 10 s at most, until policy says that a rule has expired. */
  async untilExpired(name: string): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const { securityGroupRule } = await this.policy.getSecurityGroupRule({ name });
      if (securityGroupRule?.expired) return;
      await sleep(100);
    }
    throw new Error(`${name} does not expire`);
  }

  async removeAutomaticRules(id: string): Promise<void> {
    const { securityGroupRules } = await this.policy.listSecurityGroupRules({ parent: groupName(id) });
    for (const { name } of securityGroupRules.filter(({ automatic }) => automatic)) {
      await this.#say('policy', `DeleteSecurityGroupRule automatic of ${id}`, () =>
        this.policy.deleteSecurityGroupRule({ name }),
      );
    }
  }

  async #say<Answer extends { revisionToken: string }>(
    service: 'policy' | 'inventory',
    line: string,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    this.#calls.push(line);
    this.#calledAt = performance.now();
    const answer = await call();
    this.#tokens.set(service, answer.revisionToken);
    return answer;
  }
}

export function groupName(id: string): string {
  return `${project}/securityGroups/${id}`;
}

function addressGroupName(id: string): string {
  return `${project}/addressGroups/${id}`;
}

function nicName(id: string): string {
  return `${project}/nics/${id}`;
}

function networkName(id: string): string {
  return `${project}/networks/${id}`;
}

function ruleMessage({ direction, protocol, ports, icmp, cidr, named, remote, expireInMs }: RuleSpec) {
  const expireAtMs = Date.now() + (expireInMs ?? 0);
  return {
    direction: policyV1.Direction[direction],
    protocol: policyV1.Protocol[protocol],
    ...(ports === undefined ? {} : { startPort: ports[0], endPort: ports[1] }),
    ...(icmp === undefined ? {} : { icmpType: icmp[0] }),
    ...(icmp?.[1] === undefined ? {} : { icmpCode: icmp[1] }),
    cidr: cidr ?? '',
    addressGroup: named === undefined ? '' : addressGroupName(named),
    remoteSecurityGroup: remote === undefined ? '' : groupName(remote),
    ...(expireInMs === undefined
      ? {}
      : { expireTime: { seconds: BigInt(Math.floor(expireAtMs / 1000)), nanos: (expireAtMs % 1000) * 1e6 } }),
  };
}

function ruleText({ direction, protocol, ports, icmp, cidr, named, remote, expireInMs }: RuleSpec): string {
  const what = [
    protocol,
    ports === undefined ? '' : ports[0] === ports[1] ? `${ports[0]}` : `${ports[0]}-${ports[1]}`,
    icmp === undefined ? '' : `type ${icmp.filter((each) => each !== undefined).join('/')}`,
    cidr ?? '',
    named === undefined ? '' : `addresses ${named}`,
    remote === undefined ? '' : `group ${remote}`,
    expireInMs === undefined ? '' : `for ${expireInMs} ms`,
  ];
  return [direction.toLowerCase(), ...what.filter((each) => each !== '')].join(' ');
}
