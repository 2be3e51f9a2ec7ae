import type { Client } from '@connectrpc/connect';
import { inventoryV1, policyV1 } from '@portcullis/api';

/** The host that is measured, under a usual load: many NICs, many groups, large remote groups. */
const nicCount = 500;
const groupCount = 50;
const rulesPerGroup = 20;
const memberCount = 1000;
const remoteGroupCount = 5;

const project = 'projects/bench';
export const host = 'hosts/h1';
const network = `${project}/networks/flat`;
export const group = (i: number) => `${project}/securityGroups/g${i}`;
export const remoteGroup = (i: number) => `${project}/securityGroups/remote${i}`;
export const nicName = (id: string) => `${project}/nics/${id}`;

export interface Clients {
  readonly policy: Client<typeof policyV1.PolicyService>;
  readonly inventory: Client<typeof inventoryV1.InventoryService>;
}

/** One VM with one NIC; `index` gives its addresses, 1–65000. Returns the token of the last call. */
export async function createNic({ inventory }: Clients, id: string, index: number): Promise<string> {
  await inventory.createVmInstance({ parent: project, vmInstanceId: id, vmInstance: {} });
  const hex = index.toString(16).padStart(4, '0');
  const nic = {
    vmInstance: `${project}/vmInstances/${id}`,
    network,
    macAddress: `02:00:00:00:${hex.slice(0, 2)}:${hex.slice(2)}`,
    addresses: [`10.0.${index >> 8}.${index & 255}`, `2001:db8::${hex}`],
  };
  return (await inventory.createNic({ parent: project, nicId: id, nic })).revisionToken;
}

export function binding(interfaceName: string) {
  return { host, interfaceName, bridgeName: 'br0' };
}

/** Half of the rules of a group name a remote group, half a CIDR and a port. */
function rulesOf(groupIndex: number) {
  return Array.from({ length: rulesPerGroup - 2 }, (_, i) => {
    const port = 1000 + groupIndex * 100 + i;
    const peer =
      i % 2 === 0 ? { remoteSecurityGroup: remoteGroup(i % remoteGroupCount) } : { cidr: `192.168.${i}.0/24` };
    const ports = { protocol: policyV1.Protocol.TCP, startPort: port, endPort: port };
    return { direction: policyV1.Direction.INGRESS, ...ports, ...peer };
  });
}

/**
 * Makes everything over gRPC; the two automatic rules of a group count among its rules. Returns the token of the last binding,
 * before which all else was said.
 */
export async function populate(clients: Clients, onProgress: (message: string) => void): Promise<string> {
  const { policy, inventory } = clients;
  await inventory.createNetwork({
    parent: project,
    networkId: 'flat',
    network: { kind: inventoryV1.NetworkKind.FLAT, cidrs: ['10.0.0.0/16', '2001:db8::/64'] },
  });
  await inventory.createHost({ hostId: 'h1', host: {} });
  onProgress(`creating ${memberCount} members and ${nicCount} NICs over gRPC`);
  const remotes = Array.from({ length: memberCount }, (_, i) => `remote${i}`);
  const locals = Array.from({ length: nicCount }, (_, i) => `nic${i}`);
  await inParallel([...remotes, ...locals], (id, i) => createNic(clients, id, i + 1));
  onProgress(`creating ${groupCount} groups of ${rulesPerGroup} rules`);
  const create = async (name: string) => {
    const securityGroupId = name.slice(name.lastIndexOf('/') + 1);
    await policy.createSecurityGroup({ parent: project, securityGroupId, securityGroup: {} });
    await policy.attachNetworks({ securityGroup: name, networks: [network] });
  };
  const join = async (securityGroup: string, ids: readonly string[]) => {
    for (let i = 0; i < ids.length; i += 500) {
      await policy.addNics({ securityGroup, nics: ids.slice(i, i + 500).map(nicName) });
    }
  };
  for (let i = 0; i < remoteGroupCount; i += 1) {
    await create(remoteGroup(i));
    await join(remoteGroup(i), remotes);
  }
  await inParallel(
    Array.from({ length: groupCount }, (_, i) => i),
    async (i) => {
      await create(group(i));
      await policy.batchCreateSecurityGroupRules({ parent: group(i), securityGroupRules: rulesOf(i) });
      await join(
        group(i),
        locals.filter((_, n) => n % groupCount === i),
      );
    },
  );
  await inParallel(locals.slice(1), (id, i) => bind(clients, id, i + 1));
  return bind(clients, 'nic0', 0);
}

async function bind({ inventory }: Clients, id: string, index: number): Promise<string> {
  const nicBinding = binding(`vnic${index}.0`);
  return (await inventory.createNicBinding({ parent: nicName(id), nicBinding })).revisionToken;
}

/** Sixteen at a time. */
async function inParallel<Item>(items: readonly Item[], work: (item: Item, index: number) => Promise<unknown>) {
  const entries = items.entries();
  const worker = async () => {
    for (const [index, item] of entries) await work(item, index);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}
