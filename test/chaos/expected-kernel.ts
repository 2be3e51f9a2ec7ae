import { type inventoryV1, policyV1 } from '@portcullis/api';
import { bindingKey, type Cloud, compileHost } from '@portcullis/compile';
import type { Protocol, Rule } from '@portcullis/model';
import { planChange, readApplied, type Step } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import type { Fleet, HostName } from './fleet.js';

/**
 * Everything that policy and inventory say, asked for over their public calls, so that what the dispatcher has made of
 * their watches can be held against it. Networks are all VPCs of their own routing domain here.
 */
export async function readCloud({ policy, inventory }: Fleet, project: string): Promise<Cloud> {
  const { networks } = await inventory.listNetworks({ parent: project, pageSize: 1000 });
  const { nics } = await inventory.listNics({ parent: project, pageSize: 1000 });
  const { nicBindings } = await inventory.listNicBindings({ parent: `${project}/nics/-`, pageSize: 1000 });
  const { securityGroups } = await policy.listSecurityGroups({ parent: project, pageSize: 1000 });
  const { addressGroups } = await policy.listAddressGroups({ parent: project, pageSize: 1000 });
  const { memberships } = await policy.listMemberships({ parent: project, pageSize: 1000 });
  const groups = await Promise.all(
    securityGroups.map(async ({ name, state, networks: attached }) => {
      const { securityGroupRules } = await policy.listSecurityGroupRules({ parent: name, pageSize: 1000 });
      const members = memberships.filter(({ securityGroup }) => securityGroup === name);
      return {
        id: name,
        enabled: state === policyV1.SecurityGroupState.ENABLED,
        networks: attached,
        rules: securityGroupRules.map(ruleOf),
        nics: members.map(({ nic }) => nic),
      };
    }),
  );
  return {
    groups: new Map(groups.map((group) => [group.id, group])),
    addressGroups: new Map(addressGroups.map(({ name, maskedCidrs }) => [name, { id: name, cidrs: maskedCidrs }])),
    networks: new Map(
      networks.map(({ name, routingDomain, cidrs, dhcpServers }) => [
        name,
        { id: name, kind: 'vpc', routingDomain, cidrs, dhcpServers },
      ]),
    ),
    nics: new Map(nics.map((nic) => [nic.name, nicOf(nic)])),
    bindings: new Map(
      nicBindings.map(({ name, host, interfaceName, bridgeName }) => {
        const nic = name.slice(0, name.indexOf('/bindings/'));
        const bridge = bridgeName === '' ? {} : { bridge: bridgeName };
        return [bindingKey(nic, host), { nic, host, interfaceName, ...bridge, state: 'active' }];
      }),
    ),
  };
}

/**
 * What would have to be done to a host's kernel so that it holds what the cloud says; nothing when all is well. `keepStrays`
 * passes over sets that no rule names any more: they go a moment later.
 */
export async function missingSteps(
  fleet: Fleet,
  { cloud, host, backend, keepStrays }: { cloud: Cloud; host: HostName; backend: string; keepStrays: boolean },
): Promise<readonly Step[]> {
  const run = async (command: string, args: readonly string[] = []) => {
    const { code, stdout, stderr } = await fleet.lab.exec(fleet.lab.hostNamespace(host), command, args);
    if (code !== 0) throw new Error(`${command} on ${host}: ${stderr}`);
    return stdout;
  };
  const saved = {
    ipv4: await run(`iptables-${backend}-save`),
    ipv6: await run(`ip6tables-${backend}-save`),
    sets: await run('ipset', ['save']),
    frames: await run('ebtables-nft-save'),
  };
  const desired = new FirewallRenderer().render(compileHost(cloud, `hosts/${host}`));
  return planChange(readApplied(saved), desired, { keepStrays }).steps;
}

const protocols = new Map<policyV1.Protocol, Protocol>([
  [policyV1.Protocol.ALL, 'all'],
  [policyV1.Protocol.TCP, 'tcp'],
  [policyV1.Protocol.UDP, 'udp'],
  [policyV1.Protocol.ICMP, 'icmp'],
]);

function ruleOf(rule: policyV1.SecurityGroupRule): Rule {
  const protocol = protocols.get(rule.protocol) ?? 'all';
  const hasPorts = protocol === 'tcp' || protocol === 'udp';
  return {
    id: rule.name,
    direction: rule.direction === policyV1.Direction.INGRESS ? 'ingress' : 'egress',
    protocol,
    ...(hasPorts ? { ports: { start: rule.startPort ?? 0, end: rule.endPort ?? 0 } } : {}),
    ...(rule.maskedCidr === '' ? {} : { cidr: rule.maskedCidr }),
    ...(rule.addressGroup === '' ? {} : { addressGroup: rule.addressGroup }),
    ...(rule.remoteSecurityGroup === '' ? {} : { remoteGroup: rule.remoteSecurityGroup }),
    active: !rule.disabled && !rule.expired,
  };
}

function nicOf({ name, network, macAddress, addresses, antiSpoofing = true }: inventoryV1.Nic) {
  return { id: name, network, mac: macAddress, addresses, antiSpoofing, egressDefault: 'auto' as const };
}
