import { setTimeout as sleep } from 'node:timers/promises';
import { Code, ConnectError } from '@connectrpc/connect';
import { inventoryV1, policyV1 } from '@portcullis/api';
import type { Fleet } from './fleet.js';

export const project = 'projects/chaos';
const network = `${project}/networks/vpc`;
const groups = ['web', 'db', 'ops'];
const nics = Array.from({ length: 12 }, (_, i) => `n${i}`);
const groupName = (id: string) => `${project}/securityGroups/${id}`;
const addressGroup = `${project}/addressGroups/office`;
const nicName = (id: string) => `${project}/nics/${id}`;

/**
 * A tenant who never rests: adds and removes rules, members and CIDRs, and retries what a service that is down does not answer.
 *
 * Owns: the last token of each service, and the rules it made and was told so.
 */
export class ChangeStorm {
  readonly #fleet: Fleet;
  readonly #rules: string[] = [];
  #policyToken = '';
  #inventoryToken = '';
  #round = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  get tokens(): string[] {
    return [this.#policyToken, this.#inventoryToken].filter((token) => token !== '');
  }

  /** Rules whose creation was acknowledged and whose removal was not asked for: none of them may ever be lost. */
  get acknowledgedRules(): readonly string[] {
    return this.#rules;
  }

  async populate(): Promise<void> {
    const { inventory, policy } = this.#fleet;
    await retried(() =>
      inventory.createNetwork({
        parent: project,
        networkId: 'vpc',
        network: { kind: inventoryV1.NetworkKind.VPC, cidrs: ['10.0.0.0/24'] },
      }),
    );
    for (const hostId of ['h1', 'h2']) await retried(() => inventory.createHost({ hostId, host: {} }));
    for (const [i, id] of nics.entries()) {
      await inventory.createVmInstance({ parent: project, vmInstanceId: id, vmInstance: {} });
      const macAddress = `02:00:00:00:00:${(i + 1).toString(16).padStart(2, '0')}`;
      const nic = { vmInstance: `${project}/vmInstances/${id}`, network, macAddress, addresses: [`10.0.0.${i + 1}`] };
      await inventory.createNic({ parent: project, nicId: id, nic });
      const nicBinding = { host: `hosts/h${(i % 2) + 1}`, interfaceName: `vnic${i}.0`, bridgeName: 'br0' };
      const { revisionToken } = await inventory.createNicBinding({ parent: nicName(id), nicBinding });
      this.#inventoryToken = revisionToken;
    }
    await retried(() => policy.createAddressGroup({ parent: project, addressGroupId: 'office', addressGroup: {} }));
    for (const id of groups) {
      await retried(() => policy.createSecurityGroup({ parent: project, securityGroupId: id, securityGroup: {} }));
      await policy.attachNetworks({ securityGroup: groupName(id), networks: [network] });
      const members = nics.filter((_, i) => i % groups.length === groups.indexOf(id));
      await policy.addNics({ securityGroup: groupName(id), nics: members.map(nicName) });
    }
  }

  /**
   * Takes the newest token: a change may have been carried out by a service that was killed before it could say so. The
   * network is attached already, so nothing changes.
   */
  async settle(): Promise<void> {
    const attached = { securityGroup: groupName('web'), networks: [network] };
    const answer = await retried(() => this.#fleet.policy.attachNetworks(attached));
    if (answer) this.#policyToken = answer.revisionToken;
  }

  /** Makes changes one after the other until told to stop. */
  async rage(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#change();
  }

  /** Waits until so many more changes are made. */
  async changes(count: number): Promise<void> {
    const target = this.#round + count;
    while (this.#round < target) await sleep(10);
  }

  async #change(): Promise<void> {
    const { policy } = this.#fleet;
    this.#round += 1;
    const group = groupName(groups[this.#round % groups.length] ?? '');
    switch (this.#round % 4) {
      case 0: {
        const name = this.#rules.shift();
        if (name === undefined) return;
        // Gone already: an attempt that was not answered had been carried out.
        const answer = await retried(() => policy.deleteSecurityGroupRule({ name }), Code.NotFound);
        if (answer) this.#policyToken = answer.revisionToken;
        return;
      }
      case 2: {
        const nic = nicName(nics[this.#round % nics.length] ?? '');
        const isJoin = this.#round % 8 === 2;
        const membership = { securityGroup: group, nics: [nic] };
        const answer = await retried<{ revisionToken: string }>(
          () => (isJoin ? policy.addNics(membership) : policy.removeNics(membership)),
          Code.NotFound,
          Code.AlreadyExists,
        );
        if (answer) this.#policyToken = answer.revisionToken;
        return;
      }
      case 3: {
        const change = {
          addressGroup,
          cidrs: [`192.0.2.${(this.#round >> 3) % 16}`, `2001:db8:${this.#round % 7}::/48`],
        };
        const isAdd = this.#round % 8 === 3;
        const answer = await retried<{ revisionToken: string }>(
          () => (isAdd ? policy.addCidrs(change) : policy.removeCidrs({ ...change, cidrs: change.cidrs.slice(0, 1) })),
          Code.NotFound,
        );
        if (answer) this.#policyToken = answer.revisionToken;
        return;
      }
      default: {
        const port = (this.#round % 60_000) + 1;
        const ports = { protocol: policyV1.Protocol.TCP, startPort: port, endPort: port };
        const peer = this.#round % 8 === 1 ? { addressGroup } : {};
        const securityGroupRule = { direction: policyV1.Direction.INGRESS, ...ports, ...peer };
        const call = () => policy.createSecurityGroupRule({ parent: group, securityGroupRule });
        const answer = await retried(call, Code.AlreadyExists);
        if (answer?.securityGroupRule === undefined) return;
        this.#rules.push(answer.securityGroupRule.name);
        this.#policyToken = answer.revisionToken;
      }
    }
  }
}

/** Tries again, for 20 s at most, while nobody answers; undefined when the answer is one of the codes that are fine too. */
async function retried<Answer>(call: () => Promise<Answer>, ...fine: Code[]): Promise<Answer | undefined> {
  const endsAt = performance.now() + 20_000;
  for (;;) {
    try {
      return await call();
    } catch (thrown) {
      const { code } = ConnectError.from(thrown);
      if (fine.includes(code)) return undefined;
      const isDown = [Code.Unavailable, Code.Unknown, Code.Canceled, Code.Internal, Code.Aborted].includes(code);
      if (!isDown || performance.now() > endsAt) throw thrown;
      await sleep(20);
    }
  }
}
