import { inventoryV1 } from '@portcullis/api';
import { type ApiCase, blocked, exists, invalid, missing } from '../api-case.js';
import { host, network, nic, project, vm } from '../things.js';

const good = { vmInstance: vm('bare'), network: network('a'), macAddress: '02:00:00:00:09:09' };
const create = (more: object = {}) => ({ parent: project, nicId: 'new', nic: { ...good, ...more } });
const binding = `${nic('v-a')}/bindings/h1`;
const update = (key: string, name: string, paths: string[], more: object = {}) => ({
  [key]: { name, ...more },
  updateMask: { paths },
});

/** A NIC with this field alone wrong, and what the message says. */
function nicField(what: string, fields: object, says: string, ...violations: string[]): ApiCase {
  return [
    what,
    'inventory.createNic',
    create(fields),
    { ...invalid(...violations.map((each) => `nic.${each}`)), says },
  ];
}

/** Networks, hosts, VMs, NICs and bindings. */
export const inventoryCases: readonly ApiCase[] = [
  ['a network that is not there', 'inventory.getNetwork', { name: network('x') }, missing(network('x'))],
  ['a host that is not there', 'inventory.getHost', { name: host('x') }, missing(host('x'))],
  ['a VM that is not there', 'inventory.getVmInstance', { name: vm('x') }, missing(vm('x'))],
  ['a NIC that is not there', 'inventory.getNic', { name: nic('x') }, missing(nic('x'))],
  [
    'a binding that is not there',
    'inventory.getNicBinding',
    { name: `${nic('v-a')}/bindings/h2` },
    missing(`${nic('v-a')}/bindings/h2`),
  ],
  ['no network to delete', 'inventory.deleteNetwork', { name: network('x') }, missing(network('x'))],
  ['no host to delete', 'inventory.deleteHost', { name: host('x') }, missing(host('x'))],
  ['no VM to delete', 'inventory.deleteVmInstance', { name: vm('x') }, missing(vm('x'))],
  ['no NIC to delete', 'inventory.deleteNic', { name: nic('x') }, missing(nic('x'))],
  [
    'no binding to delete',
    'inventory.deleteNicBinding',
    { name: `${nic('x')}/bindings/h1` },
    missing(`${nic('x')}/bindings/h1`),
  ],
  [
    'no network to update',
    'inventory.updateNetwork',
    update('network', network('x'), ['cidrs']),
    missing(network('x')),
  ],
  ['no host to update', 'inventory.updateHost', update('host', host('x'), ['labels']), missing(host('x'))],
  ['no VM to update', 'inventory.updateVmInstance', update('vmInstance', vm('x'), ['labels']), missing(vm('x'))],
  ['no NIC to update', 'inventory.updateNic', update('nic', nic('x'), ['addresses']), missing(nic('x'))],
  [
    'no binding to update',
    'inventory.updateNicBinding',
    update('nicBinding', `${nic('x')}/bindings/h1`, ['labels']),
    missing(`${nic('x')}/bindings/h1`),
  ],
  [
    'a network with NICs',
    'inventory.deleteNetwork',
    { name: network('a') },
    { ...blocked('NETWORK_IN_USE', nic('v-a')), says: 'in use by 1' },
  ],
  [
    'a network with NICs of other projects',
    'inventory.deleteNetwork',
    { name: network('b') },
    blocked('NETWORK_IN_USE', nic('v-b'), 'projects/q/nics/n'),
  ],
  ['a host that NICs are bound to', 'inventory.deleteHost', { name: host('h1') }, blocked('HOST_IN_USE', binding)],
  [
    'CIDRs that leave out a NIC',
    'inventory.updateNetwork',
    update('network', network('a'), ['cidrs'], { cidrs: ['10.0.0.2/32', '2001:db8::/64'] }),
    { ...blocked('ADDRESS_OUTSIDE_NETWORK', nic('v-a')), says: 'outside the new CIDRs' },
  ],
  [
    'a network that is there',
    'inventory.createNetwork',
    { parent: project, networkId: 'a', network: { kind: 1 } },
    exists(network('a')),
  ],
  ['a host that is there', 'inventory.createHost', { hostId: 'h1' }, exists(host('h1'))],
  ['a VM that is there', 'inventory.createVmInstance', { parent: project, vmInstanceId: 'v' }, exists(vm('v'))],
  ['a NIC that is there', 'inventory.createNic', { ...create(), nicId: 'v-a' }, exists(nic('v-a'))],
  [
    'a binding that is there',
    'inventory.createNicBinding',
    { parent: nic('v-a'), nicBinding: { host: host('h1'), interfaceName: 'tap7' } },
    exists(binding),
  ],
  [
    'an interface that another NIC has on that host',
    'inventory.createNicBinding',
    { parent: nic('v-b'), nicBinding: { host: host('h1'), interfaceName: 'tap0' } },
    exists(binding, { says: 'belongs to' }),
  ],
  [
    'a binding of nothing to nothing',
    'inventory.createNicBinding',
    { parent: nic('x'), nicBinding: { host: host('x'), interfaceName: 'tap7' } },
    missing(nic('x'), host('x')),
  ],
  [
    'an address that another NIC has in the routing domain, written in another way',
    'inventory.createNic',
    create({ addresses: ['2001:DB8:0:0::1'] }),
    exists(nic('v-a'), { says: `address 2001:db8::1 in routing domain d belongs to ${nic('v-a')}` }),
  ],
  [
    'a MAC that another NIC has on the network, in capitals',
    'inventory.createNic',
    create({ network: network('b'), macAddress: '02:00:00:00:00:02' }),
    exists(nic('v-b'), { says: 'MAC address 02:00:00:00:00:02 on' }),
  ],
  [
    'a NIC of nothing on nothing',
    'inventory.createNic',
    create({ vmInstance: vm('x'), network: network('x') }),
    missing(vm('x'), network('x')),
  ],
  [
    'a NIC of a VM of another project',
    'inventory.createNic',
    create({ vmInstance: 'projects/q/vmInstances/v' }),
    invalid('nic.vm_instance PROJECT_MISMATCH'),
  ],
  nicField(
    'a MAC of eight octets',
    { macAddress: '02:00:00:00:00:01:02:03' },
    '"02:00:00:00:00:01:02:03"',
    'mac_address MAC_MALFORMED',
  ),
  nicField('a MAC of one digit', { macAddress: '2:0:0:0:0:1' }, 'six octets', 'mac_address MAC_MALFORMED'),
  nicField('a MAC with dots', { macAddress: '0200.0000.0001' }, 'six octets', 'mac_address MAC_MALFORMED'),
  nicField('no MAC', { macAddress: '' }, 'six octets', 'mac_address MAC_MALFORMED'),
  nicField('a MAC of many', { macAddress: '03:00:00:00:00:01' }, '"03:00:00:00:00:01"', 'mac_address MAC_NOT_UNICAST'),
  nicField(
    'an address with its length',
    { addresses: ['10.0.0.5/24'] },
    '"10.0.0.5/24"',
    'addresses[0] ADDRESS_MALFORMED',
  ),
  nicField(
    'an address outside',
    { addresses: ['10.0.0.5', '10.0.1.5'] },
    '"10.0.1.5" is not in 10.0.0.0/24',
    'addresses[1] ADDRESS_OUTSIDE_NETWORK',
  ),
  nicField('a default that is none', { egressDefault: 99 }, '99 is not known', 'egress_default ENUM_VALUE_UNKNOWN'),
  nicField(
    'all that is wrong at once',
    { macAddress: 'x', addresses: ['y', '127.0.0.1'], egressDefault: -1, description: 'x'.repeat(1025) },
    '',
    'description TEXT_TOO_LONG',
    'mac_address MAC_MALFORMED',
    'egress_default ENUM_VALUE_UNKNOWN',
    'addresses[0] ADDRESS_MALFORMED',
    'addresses[1] ADDRESS_NOT_UNICAST',
  ),
  [
    'where a NIC is never changes',
    'inventory.updateNic',
    update('nic', nic('v-a'), ['name', 'vm_instance', 'network', 'mac_address', 'uid', 'create_time']),
    invalid(...Array(6).fill('update_mask FIELD_IMMUTABLE')),
  ],
  [
    'where a binding is never changes',
    'inventory.updateNicBinding',
    update('nicBinding', binding, ['host', 'interface_name', 'bridge_name', 'uid']),
    invalid(...Array(4).fill('update_mask FIELD_IMMUTABLE')),
  ],
  [
    'a state of a binding that is none',
    'inventory.updateNicBinding',
    update('nicBinding', binding, ['state'], { state: 99 }),
    { ...invalid('nic_binding.state ENUM_VALUE_UNKNOWN'), says: '99 is not known: one of NIC_BINDING_STATE_ACTIVE' },
  ],
  [
    'an interface of 16 characters and a bridge with a slash',
    'inventory.createNicBinding',
    { parent: nic('v-b'), nicBinding: { host: host('h2'), interfaceName: 't'.repeat(16), bridgeName: 'br/0' } },
    {
      ...invalid(
        'nic_binding.interface_name INTERFACE_NAME_MALFORMED',
        'nic_binding.bridge_name INTERFACE_NAME_MALFORMED',
      ),
      says: '1-15 of',
    },
  ],
  [
    'an interface that iptables would take for many',
    'inventory.createNicBinding',
    { parent: nic('v-b'), nicBinding: { host: host('h2'), interfaceName: 'tap+' } },
    invalid('nic_binding.interface_name INTERFACE_NAME_MALFORMED'),
  ],
  [
    'an interface with NUL in it',
    'inventory.createNicBinding',
    { parent: nic('v-b'), nicBinding: { host: host('h2'), interfaceName: 'tap\0x' } },
    invalid('nic_binding.interface_name INTERFACE_NAME_MALFORMED'),
  ],
  [
    'a network without a kind',
    'inventory.createNetwork',
    { parent: project, network: { cidrs: ['10.0.0.0/8'] } },
    { ...invalid('network.kind FIELD_REQUIRED'), says: 'NETWORK_KIND_PUBLIC' },
  ],
  [
    'too many DHCP servers',
    'inventory.createNetwork',
    { parent: project, network: { kind: inventoryV1.NetworkKind.FLAT, dhcpServers: Array(17).fill('10.0.0.1') } },
    { ...invalid('network.dhcp_servers ITEM_COUNT_OUT_OF_RANGE'), says: 'has 17 items; 0-16 are allowed' },
  ],
  [
    'what a network is never changes',
    'inventory.updateNetwork',
    update('network', network('a'), ['kind', 'routing_domain', 'uid']),
    invalid(...Array(3).fill('update_mask FIELD_IMMUTABLE')),
  ],
  [
    'a VM into no state',
    'inventory.updateVmInstance',
    update('vmInstance', vm('v'), ['state', 'nics']),
    invalid('update_mask FIELD_UNKNOWN', 'vm_instance.state FIELD_REQUIRED'),
  ],
  ['a watch from nowhere', 'inventory.watch', { resumeToken: 'x' }, invalid('resume_token REVISION_TOKEN_MALFORMED')],
];
