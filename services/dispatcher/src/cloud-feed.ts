import { inventoryV1, policyV1 } from '@portcullis/api';
import type { CloudChange } from '@portcullis/compile';
import type { Binding, EgressDefault, Network, Nic, Protocol, Rule, SecurityGroup } from '@portcullis/model';

/**
 * What the two watches say, as changes of the cloud.
 *
 * Owns: the resources of policy and inventory as last said.
 * Does not own: what follows from them for a host.
 * Invariant: a NIC is in a group while the uid of the membership is that of the NIC, whichever of the two was heard first.
 */
export class CloudFeed {
  readonly #groups = new Map<string, policyV1.SecurityGroup>();
  /** As the model says them: a change of a group gathers all of its rules. */
  readonly #rules = new Map<string, Map<string, Rule>>();
  readonly #addressGroups = new Set<string>();
  readonly #memberships = new Map<string, Map<string, policyV1.Membership>>();
  readonly #groupsOfNic = new Map<string, Set<string>>();
  readonly #networks = new Map<string, inventoryV1.Network>();
  readonly #nics = new Map<string, inventoryV1.Nic>();
  readonly #bindings = new Map<string, inventoryV1.NicBinding>();
  readonly #hosts = new Set<string>();

  /** Names of the hosts that are registered. */
  get hosts(): ReadonlySet<string> {
    return this.#hosts;
  }

  hasNic(name: string): boolean {
    return this.#nics.has(name);
  }

  applyPolicy(changes: readonly policyV1.Change[]): CloudChange[] {
    const result: CloudChange[] = [];
    const touched = new Set<string>();
    for (const { change } of changes) {
      if (change.case === 'put') this.#putPolicy(change.value, result, touched);
      else if (change.case === 'removal') this.#removePolicy(change.value, result, touched);
    }
    return [...result, ...this.#groupChanges(touched)];
  }

  /** The changes that lead from what is held to a snapshot. */
  applyPolicySnapshot(resources: readonly policyV1.Resource[]): CloudChange[] {
    const result: CloudChange[] = [];
    const touched = new Set([...this.#groups.keys(), ...this.#rules.keys(), ...this.#memberships.keys()]);
    for (const map of [this.#groups, this.#rules, this.#memberships, this.#groupsOfNic]) map.clear();
    const said = new Set(
      resources.flatMap(({ resource }) => (resource.case === 'addressGroup' ? [resource.value.name] : [])),
    );
    for (const name of [...this.#addressGroups].filter((each) => !said.has(each))) this.#dropAddressGroup(name, result);
    for (const resource of resources) this.#putPolicy(resource, result, touched);
    return [...result, ...this.#groupChanges(touched)];
  }

  applyInventory(changes: readonly inventoryV1.Change[]): CloudChange[] {
    const result: CloudChange[] = [];
    const touched = new Set<string>();
    for (const { change } of changes) {
      if (change.case === 'put') this.#putInventory(change.value, result, touched);
      else if (change.case === 'removal') this.#removeInventory(change.value, result, touched);
    }
    return [...result, ...this.#groupChanges(touched)];
  }

  applyInventorySnapshot(resources: readonly inventoryV1.Resource[]): CloudChange[] {
    const result: CloudChange[] = [];
    const touched = new Set<string>();
    const said = new Set(resources.map(({ resource }) => `${resource.case} ${resource.value?.name}`));
    this.#hosts.clear();
    const gone = (kind: 'network' | 'nic' | 'nicBinding', names: Iterable<string>) =>
      [...names].filter((name) => !said.has(`${kind} ${name}`));
    for (const name of gone('nicBinding', this.#bindings.keys())) this.#dropBinding(name, result);
    for (const name of gone('nic', this.#nics.keys())) this.#dropNic(name, result, touched);
    for (const name of gone('network', this.#networks.keys())) this.#dropNetwork(name, result);
    for (const resource of resources) this.#putInventory(resource, result, touched);
    return [...result, ...this.#groupChanges(touched)];
  }

  #putPolicy({ resource }: policyV1.Resource, result: CloudChange[], touched: Set<string>): void {
    switch (resource.case) {
      case 'addressGroup': {
        const { name, maskedCidrs } = resource.value;
        this.#addressGroups.add(name);
        result.push({ kind: 'addressGroup', id: name, value: { id: name, cidrs: maskedCidrs } });
        return;
      }
      case 'securityGroup':
        this.#groups.set(resource.value.name, resource.value);
        touched.add(resource.value.name);
        return;
      case 'securityGroupRule': {
        const group = groupOfRule(resource.value.name);
        within(this.#rules, group).set(resource.value.name, ruleOf(resource.value));
        touched.add(group);
        return;
      }
      case 'membership': {
        const { securityGroup, nic } = resource.value;
        within(this.#memberships, securityGroup).set(nic, resource.value);
        const groups = this.#groupsOfNic.get(nic) ?? new Set<string>();
        this.#groupsOfNic.set(nic, groups.add(securityGroup));
        touched.add(securityGroup);
        return;
      }
    }
  }

  #removePolicy({ removed }: policyV1.Removal, result: CloudChange[], touched: Set<string>): void {
    switch (removed.case) {
      case 'addressGroup':
        this.#dropAddressGroup(removed.value, result);
        return;
      case 'securityGroup':
        this.#groups.delete(removed.value);
        touched.add(removed.value);
        return;
      case 'securityGroupRule': {
        const group = groupOfRule(removed.value);
        takeOut(this.#rules, group, removed.value);
        touched.add(group);
        return;
      }
      case 'membership': {
        const { securityGroup, nic } = removed.value;
        takeOut(this.#memberships, securityGroup, nic);
        takeOut(this.#groupsOfNic, nic, securityGroup);
        touched.add(securityGroup);
        return;
      }
    }
  }

  #putInventory({ resource }: inventoryV1.Resource, result: CloudChange[], touched: Set<string>): void {
    switch (resource.case) {
      case 'network':
        this.#networks.set(resource.value.name, resource.value);
        result.push({ kind: 'network', id: resource.value.name, value: networkOf(resource.value) });
        return;
      case 'host':
        this.#hosts.add(resource.value.name);
        return;
      case 'nic': {
        const { name, uid } = resource.value;
        if (this.#nics.get(name)?.uid !== uid) this.#touchGroupsOf(name, touched);
        this.#nics.set(name, resource.value);
        result.push({ kind: 'nic', id: name, value: nicOf(resource.value) });
        return;
      }
      case 'nicBinding':
        this.#bindings.set(resource.value.name, resource.value);
        result.push({ kind: 'binding', id: resource.value.name, value: bindingOf(resource.value) });
        return;
    }
  }

  #removeInventory({ removed }: inventoryV1.Removal, result: CloudChange[], touched: Set<string>): void {
    switch (removed.case) {
      case 'network':
        this.#dropNetwork(removed.value, result);
        return;
      case 'host':
        this.#hosts.delete(removed.value);
        return;
      case 'nic':
        this.#dropNic(removed.value, result, touched);
        return;
      case 'nicBinding':
        this.#dropBinding(removed.value, result);
        return;
    }
  }

  #dropAddressGroup(name: string, result: CloudChange[]): void {
    this.#addressGroups.delete(name);
    result.push({ kind: 'addressGroup', id: name, value: undefined });
  }

  #dropNetwork(name: string, result: CloudChange[]): void {
    this.#networks.delete(name);
    result.push({ kind: 'network', id: name, value: undefined });
  }

  #dropNic(name: string, result: CloudChange[], touched: Set<string>): void {
    this.#nics.delete(name);
    this.#touchGroupsOf(name, touched);
    result.push({ kind: 'nic', id: name, value: undefined });
  }

  #dropBinding(name: string, result: CloudChange[]): void {
    this.#bindings.delete(name);
    result.push({ kind: 'binding', id: name, value: undefined });
  }

  #touchGroupsOf(nic: string, touched: Set<string>): void {
    for (const group of this.#groupsOfNic.get(nic) ?? []) touched.add(group);
  }

  #groupChanges(touched: ReadonlySet<string>): CloudChange[] {
    return [...touched].map((id) => ({ kind: 'group', id, value: this.#groupOf(id) }));
  }

  #groupOf(id: string): SecurityGroup | undefined {
    const group = this.#groups.get(id);
    if (!group) return undefined;
    const members = [...(this.#memberships.get(id)?.values() ?? [])];
    return {
      id,
      enabled: group.state !== policyV1.SecurityGroupState.DISABLED,
      networks: group.networks,
      rules: [...(this.#rules.get(id)?.values() ?? [])],
      nics: members.filter(({ nic, nicUid }) => this.#nics.get(nic)?.uid === nicUid).map(({ nic }) => nic),
      ...(group.establishedFlows === policyV1.EstablishedFlows.KEEP ? { keepsFlows: true } : {}),
    };
  }
}

function groupOfRule(name: string): string {
  return name.slice(0, name.lastIndexOf('/rules/'));
}

function within<Value>(map: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const inner = map.get(key) ?? new Map<string, Value>();
  map.set(key, inner);
  return inner;
}

/** Nothing is left of what is empty: groups and NICs come and go for as long as the process runs. */
function takeOut(
  map: Map<string, { delete(key: string): boolean; readonly size: number }>,
  key: string,
  value: string,
): void {
  const inner = map.get(key);
  inner?.delete(value);
  if (inner?.size === 0) map.delete(key);
}

const protocols: Record<policyV1.Protocol, Protocol | undefined> = {
  [policyV1.Protocol.UNSPECIFIED]: undefined,
  [policyV1.Protocol.ALL]: 'all',
  [policyV1.Protocol.TCP]: 'tcp',
  [policyV1.Protocol.UDP]: 'udp',
  [policyV1.Protocol.ICMP]: 'icmp',
};

/** A rule this version cannot read matches nothing, and still counts as a rule. */
function ruleOf(rule: policyV1.SecurityGroupRule): Rule {
  const protocol = protocols[rule.protocol];
  const { icmpType: type, icmpCode: code } = rule;
  const hasPorts = protocol === 'tcp' || protocol === 'udp';
  return {
    id: rule.name,
    direction: rule.direction === policyV1.Direction.EGRESS ? 'egress' : 'ingress',
    protocol: protocol ?? 'all',
    ...(hasPorts ? { ports: { start: rule.startPort ?? 1, end: rule.endPort ?? 65535 } } : {}),
    ...(type === undefined ? {} : { icmp: code === undefined ? { type } : { type, code } }),
    ...(rule.maskedCidr === '' ? {} : { cidr: rule.maskedCidr }),
    ...(rule.addressGroup === '' ? {} : { addressGroup: rule.addressGroup }),
    ...(rule.remoteSecurityGroup === '' ? {} : { remoteGroup: rule.remoteSecurityGroup }),
    active: !rule.disabled && !rule.expired && protocol !== undefined,
  };
}

const kinds: Record<inventoryV1.NetworkKind, Network['kind']> = {
  [inventoryV1.NetworkKind.UNSPECIFIED]: 'flat',
  [inventoryV1.NetworkKind.PUBLIC]: 'public',
  [inventoryV1.NetworkKind.FLAT]: 'flat',
  [inventoryV1.NetworkKind.VPC]: 'vpc',
};
const egressDefaults: Record<inventoryV1.EgressDefault, EgressDefault> = {
  [inventoryV1.EgressDefault.UNSPECIFIED]: 'auto',
  [inventoryV1.EgressDefault.AUTO]: 'auto',
  [inventoryV1.EgressDefault.ALLOW]: 'allow',
  [inventoryV1.EgressDefault.DENY]: 'deny',
};

function networkOf({ name, kind, routingDomain, cidrs, dhcpServers }: inventoryV1.Network): Network {
  return { id: name, kind: kinds[kind], routingDomain, cidrs, dhcpServers };
}

function nicOf(nic: inventoryV1.Nic): Nic {
  const { name, network, macAddress: mac, addresses, egressDefault, allowedAddressPairs, logDrops } = nic;
  return {
    id: name,
    network,
    mac,
    addresses,
    antiSpoofing: nic.antiSpoofing ?? true,
    ...(allowedAddressPairs.length === 0
      ? {}
      : { allowedPairs: allowedAddressPairs.map((pair) => ({ mac: pair.macAddress, cidr: pair.cidr })) }),
    egressDefault: egressDefaults[egressDefault],
    ...(logDrops ? { logDrops: true } : {}),
  };
}

function bindingOf({ name, host, interfaceName, bridgeName, state }: inventoryV1.NicBinding): Binding {
  return {
    nic: name.slice(0, name.indexOf('/bindings/')),
    host,
    interfaceName,
    ...(bridgeName === '' ? {} : { bridge: bridgeName }),
    state: state === inventoryV1.NicBindingState.STAGED ? 'staged' : 'active',
  };
}
