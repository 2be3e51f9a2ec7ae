import { inventoryV1 } from '@portcullis/api';
import type { Handlers } from './handlers.js';
import { goodNic } from './testing/inventory-world.js';

/** A method, a request, and everything that is wrong with it: field and reason. */
export type InvalidRequest = readonly [keyof Handlers, object, readonly string[]];

const parent = 'projects/p';
const { FLAT } = inventoryV1.NetworkKind;
const nicName = 'projects/p/nics/n1';
const long = (length: number) => 'x'.repeat(length);
const network = (more: object) => ({ parent, network: { kind: FLAT, ...more } });
const nic = (more: object) => ({ parent, nic: goodNic(more) });
const mac = (macAddress: string) => nic({ macAddress });
const flatNic = (...addresses: string[]) => nic({ network: 'projects/p/networks/flat', addresses });
const binding = (more: object) => ({
  parent: nicName,
  nicBinding: { host: 'hosts/h1', interfaceName: 'tap0', ...more },
});
const networkUpdate = (paths: string[], more: object = {}) => ({
  network: { name: 'projects/p/networks/vpc', ...more },
  updateMask: { paths },
});
const nicUpdate = (paths: string[], more: object = {}) => ({ nic: { name: nicName, ...more }, updateMask: { paths } });
const vmUpdate = (paths: string[], more: object = {}) => ({
  vmInstance: { name: 'projects/p/vmInstances/vm1', ...more },
  updateMask: { paths },
});

const bindingUpdate = (paths: string[], more: object = {}) => ({
  nicBinding: { name: `${nicName}/bindings/h1`, ...more },
  updateMask: { paths },
});

export const invalidRequests: InvalidRequest[] = [
  ['createNetwork', {}, ['parent FIELD_REQUIRED', 'network.kind FIELD_REQUIRED']],
  ['createNetwork', { ...network({}), parent: 'projects/P' }, ['parent NAME_MALFORMED']],
  ['createNetwork', { ...network({}), parent: 'projects/-' }, ['parent NAME_MALFORMED']],
  ['createNetwork', { ...network({}), networkId: 'Net' }, ['network_id RESOURCE_ID_MALFORMED']],
  ['createNetwork', { ...network({}), networkId: '1net' }, ['network_id RESOURCE_ID_MALFORMED']],
  ['createNetwork', { ...network({}), networkId: 'a/b' }, ['network_id RESOURCE_ID_MALFORMED']],
  ['createNetwork', { ...network({}), networkId: `a${long(63)}` }, ['network_id RESOURCE_ID_MALFORMED']],
  ['createNetwork', { ...network({}), requestId: 'again' }, ['request_id REQUEST_ID_MALFORMED']],
  ['deleteHost', { name: 'hosts/h1', requestId: `x${crypto.randomUUID()}` }, ['request_id REQUEST_ID_MALFORMED']],
  ['createNetwork', network({ labels: { A: '' } }), ['network.labels LABEL_KEY_MALFORMED']],
  ['createNetwork', network({ description: long(1025) }), ['network.description TEXT_TOO_LONG']],
  ['createHost', { host: { labels: { a: ' ' } } }, ['host.labels LABEL_VALUE_MALFORMED']],
  ['createNic', nic({ labels: { a: 'ä' } }), ['nic.labels LABEL_VALUE_MALFORMED']],
  ['updateHost', {}, ['host.name FIELD_REQUIRED', 'update_mask FIELD_REQUIRED']],
  ['updateHost', { host: { name: 'hosts/h1' }, updateMask: { paths: ['uid'] } }, ['update_mask FIELD_IMMUTABLE']],
  ['updateVmInstance', vmUpdate(['labels'], { labels: { a: '/' } }), ['vm_instance.labels LABEL_VALUE_MALFORMED']],
  ...[
    '(',
    'name',
    'name =',
    'nope = 1',
    'labels = a',
    'name = "a" name = "b"',
    'NOT',
    'name = a)',
    'name > a',
    'create_time = 1',
  ].map((filter): InvalidRequest => ['listNetworks', { parent, filter }, ['filter FILTER_MALFORMED']]),
  ['listNetworks', { parent, orderBy: 'uid' }, ['order_by ORDER_BY_MALFORMED']],
  ['listNetworks', { parent, orderBy: 'name down' }, ['order_by ORDER_BY_MALFORMED']],
  ['listNetworks', { parent, minRevisionToken: 'x' }, ['min_revision_token REVISION_TOKEN_MALFORMED']],
  ['createNetwork', network({ kind: 9 }), ['network.kind ENUM_VALUE_UNKNOWN']],
  ['createNetwork', network({ displayName: long(257) }), ['network.display_name TEXT_TOO_LONG']],
  ['createNetwork', network({ routingDomain: 'A' }), ['network.routing_domain ROUTING_DOMAIN_MALFORMED']],
  ['createNetwork', network({ routingDomain: 'a b' }), ['network.routing_domain ROUTING_DOMAIN_MALFORMED']],
  ['createNetwork', network({ routingDomain: long(64) }), ['network.routing_domain ROUTING_DOMAIN_MALFORMED']],
  [
    'createNetwork',
    network({ cidrs: ['10.0.0.0/33', '10.0.0.0/8', 'x', '::/129', '10.0.0.0/08'] }),
    [0, 2, 3, 4].map((i) => `network.cidrs[${i}] CIDR_MALFORMED`),
  ],
  ['createNetwork', network({ cidrs: ['::ffff:10.0.0.0/104'] }), ['network.cidrs[0] ADDRESS_IPV4_MAPPED']],
  ['createNetwork', network({ cidrs: Array(65).fill('10.0.0.0/8') }), ['network.cidrs ITEM_COUNT_OUT_OF_RANGE']],
  [
    'createNetwork',
    network({ dhcpServers: ['10.0.0.1/24', '10.0.0.1', '224.0.0.1', 'ff02::1', '::ffff:10.0.0.1'] }),
    [
      'network.dhcp_servers[0] ADDRESS_MALFORMED',
      'network.dhcp_servers[2] ADDRESS_NOT_UNICAST',
      'network.dhcp_servers[3] ADDRESS_NOT_UNICAST',
      'network.dhcp_servers[4] ADDRESS_IPV4_MAPPED',
    ],
  ],
  ['getNetwork', {}, ['name FIELD_REQUIRED']],
  ['getNetwork', { name: 'networks/n' }, ['name NAME_MALFORMED']],
  ['deleteNetwork', { name: 'projects/p/networks/' }, ['name NAME_MALFORMED']],
  ['listNetworks', { parent: '' }, ['parent FIELD_REQUIRED']],
  ['listNetworks', { parent, pageSize: -1 }, ['page_size OUT_OF_RANGE']],
  ['listNetworks', { parent, pageToken: 'x' }, ['page_token PAGE_TOKEN_MALFORMED']],
  ['updateNetwork', {}, ['network.name FIELD_REQUIRED', 'update_mask FIELD_REQUIRED']],
  ['updateNetwork', networkUpdate([]), ['update_mask FIELD_REQUIRED']],
  ['updateNetwork', networkUpdate(['kind']), ['update_mask FIELD_IMMUTABLE']],
  [
    'updateNetwork',
    networkUpdate(['routing_domain', 'x']),
    ['update_mask FIELD_IMMUTABLE', 'update_mask FIELD_UNKNOWN'],
  ],
  ['updateNetwork', networkUpdate(['*']), ['update_mask FIELD_UNKNOWN']],
  ['updateNetwork', networkUpdate(['cidrs'], { cidrs: ['a'] }), ['network.cidrs[0] CIDR_MALFORMED']],

  ['createHost', { hostId: 'H' }, ['host_id RESOURCE_ID_MALFORMED']],
  ['createHost', { hostId: 'a', host: { displayName: long(257) } }, ['host.display_name TEXT_TOO_LONG']],
  ['getHost', { name: 'hosts/*' }, ['name NAME_MALFORMED']],
  ['deleteHost', { name: 'h1' }, ['name NAME_MALFORMED']],

  ['createVmInstance', { parent, vmInstance: { state: 7 } }, ['vm_instance.state ENUM_VALUE_UNKNOWN']],
  [
    'createVmInstance',
    { parent: 'p', vmInstanceId: '-' },
    ['parent NAME_MALFORMED', 'vm_instance_id RESOURCE_ID_MALFORMED'],
  ],
  ['updateVmInstance', vmUpdate(['state']), ['vm_instance.state FIELD_REQUIRED']],
  ['updateVmInstance', vmUpdate(['state'], { state: 7 }), ['vm_instance.state ENUM_VALUE_UNKNOWN']],
  ['updateVmInstance', vmUpdate(['uid']), ['update_mask FIELD_IMMUTABLE']],
  ['deleteVmInstance', { name: 'projects/p/vms/x' }, ['name NAME_MALFORMED']],

  [
    'createNic',
    {},
    [
      'parent FIELD_REQUIRED',
      'nic.vm_instance FIELD_REQUIRED',
      'nic.network FIELD_REQUIRED',
      'nic.mac_address MAC_MALFORMED',
    ],
  ],
  ['createNic', { ...nic({}), nicId: 'n 1' }, ['nic_id RESOURCE_ID_MALFORMED']],
  ['createNic', { ...nic({}), parent: 'projects/q' }, ['nic.vm_instance PROJECT_MISMATCH']],
  ['createNic', nic({ vmInstance: 'vm1' }), ['nic.vm_instance NAME_MALFORMED']],
  ['createNic', mac('52:54:00:00:00'), ['nic.mac_address MAC_MALFORMED']],
  ['createNic', mac('52-54-00-00-00-02'), ['nic.mac_address MAC_MALFORMED']],
  ['createNic', mac('52:54:00:00:00:0g'), ['nic.mac_address MAC_MALFORMED']],
  ['createNic', mac('52:54:00:00:00:02\n'), ['nic.mac_address MAC_MALFORMED']],
  ['createNic', mac('01:00:5e:00:00:01'), ['nic.mac_address MAC_NOT_UNICAST']],
  ['createNic', mac('ff:ff:ff:ff:ff:ff'), ['nic.mac_address MAC_NOT_UNICAST']],
  ['createNic', mac('00:00:00:00:00:00'), ['nic.mac_address MAC_NOT_UNICAST']],
  ['createNic', nic({ egressDefault: 4 }), ['nic.egress_default ENUM_VALUE_UNKNOWN']],
  ['createNic', nic({ addresses: ['10.0.1.0'] }), ['nic.addresses[0] ADDRESS_OUTSIDE_NETWORK']],
  ['createNic', nic({ addresses: ['10.0.0.9', 'fe80::1'] }), ['nic.addresses[1] ADDRESS_OUTSIDE_NETWORK']],
  ['createNic', flatNic('10.0.0.1/32'), ['nic.addresses[0] ADDRESS_MALFORMED']],
  ['createNic', flatNic('10.0.0.01'), ['nic.addresses[0] ADDRESS_MALFORMED']],
  ['createNic', flatNic('fe80::1%eth0'), ['nic.addresses[0] ADDRESS_MALFORMED']],
  ['createNic', flatNic(''), ['nic.addresses[0] ADDRESS_MALFORMED']],
  [
    'createNic',
    flatNic('0.0.0.0', '::'),
    ['nic.addresses[0] ADDRESS_NOT_UNICAST', 'nic.addresses[1] ADDRESS_NOT_UNICAST'],
  ],
  [
    'createNic',
    flatNic('224.0.0.1', 'ff02::1'),
    ['nic.addresses[0] ADDRESS_NOT_UNICAST', 'nic.addresses[1] ADDRESS_NOT_UNICAST'],
  ],
  [
    'createNic',
    flatNic('127.0.0.1', '::1'),
    ['nic.addresses[0] ADDRESS_NOT_UNICAST', 'nic.addresses[1] ADDRESS_NOT_UNICAST'],
  ],
  ['createNic', flatNic('255.255.255.255'), ['nic.addresses[0] ADDRESS_NOT_UNICAST']],
  ['createNic', flatNic('::ffff:10.0.0.1'), ['nic.addresses[0] ADDRESS_IPV4_MAPPED']],
  ['createNic', flatNic(...Array<string>(129).fill('10.0.0.1')), ['nic.addresses ITEM_COUNT_OUT_OF_RANGE']],
  [
    'createNic',
    nic({
      allowedAddressPairs: [
        { cidr: '10.0.0.300' },
        { cidr: '224.0.0.0/24' },
        { cidr: '::ffff:10.0.0.1', macAddress: '01:00:5e:00:00:01' },
        { macAddress: '00:00:5e:00:01' },
      ],
    }),
    [
      'nic.allowed_address_pairs[0].cidr CIDR_MALFORMED',
      'nic.allowed_address_pairs[1].cidr ADDRESS_NOT_UNICAST',
      'nic.allowed_address_pairs[2].mac_address MAC_NOT_UNICAST',
      'nic.allowed_address_pairs[2].cidr ADDRESS_IPV4_MAPPED',
      'nic.allowed_address_pairs[3].mac_address MAC_MALFORMED',
      'nic.allowed_address_pairs[3].cidr CIDR_MALFORMED',
    ],
  ],
  [
    'updateNic',
    nicUpdate(['allowed_address_pairs'], { allowedAddressPairs: Array(33).fill({ cidr: '10.0.0.9' }) }),
    ['nic.allowed_address_pairs ITEM_COUNT_OUT_OF_RANGE'],
  ],
  ['updateNic', nicUpdate(['mac_address']), ['update_mask FIELD_IMMUTABLE']],
  ['updateNic', nicUpdate(['network', 'vm_instance']), ['update_mask FIELD_IMMUTABLE', 'update_mask FIELD_IMMUTABLE']],
  ['updateNic', nicUpdate(['addresses'], { addresses: ['10.9.9.9'] }), ['nic.addresses[0] ADDRESS_OUTSIDE_NETWORK']],
  ['updateNic', nicUpdate(['egress_default'], { egressDefault: 9 }), ['nic.egress_default ENUM_VALUE_UNKNOWN']],
  ['batchGetNics', { parent, names: [] }, ['names ITEM_COUNT_OUT_OF_RANGE']],
  ['batchGetNics', { parent, names: Array(501).fill(nicName) }, ['names ITEM_COUNT_OUT_OF_RANGE']],
  [
    'batchGetNics',
    { parent, names: ['', 'projects/q/nics/n', nicName] },
    ['names[0] FIELD_REQUIRED', 'names[1] PROJECT_MISMATCH'],
  ],

  [
    'createNicBinding',
    {},
    ['parent FIELD_REQUIRED', 'nic_binding.host FIELD_REQUIRED', 'nic_binding.interface_name FIELD_REQUIRED'],
  ],
  ['createNicBinding', binding({ host: 'h1' }), ['nic_binding.host NAME_MALFORMED']],
  ['createNicBinding', binding({ state: 3 }), ['nic_binding.state ENUM_VALUE_UNKNOWN']],
  ...['a23456789012345x', '.', '..', 'eth 0', 'eth/0', 'eth+', 'eth0;', 'ethä', 'eth0\n', '!eth0', '"', '-j'].map(
    (interfaceName): InvalidRequest => [
      'createNicBinding',
      binding({ interfaceName }),
      ['nic_binding.interface_name INTERFACE_NAME_MALFORMED'],
    ],
  ),
  ['createNicBinding', binding({ bridgeName: 'br 0' }), ['nic_binding.bridge_name INTERFACE_NAME_MALFORMED']],
  ['getNicBinding', { name: 'projects/p/nics/n1/bindings/hosts/h1' }, ['name NAME_MALFORMED']],
  ['listNicBindings', { parent: 'projects/-/nics/-' }, ['parent NAME_MALFORMED']],
  ['listNicBindings', { parent: 'projects/p/nics' }, ['parent NAME_MALFORMED']],

  ['updateNicBinding', {}, ['nic_binding.name FIELD_REQUIRED', 'update_mask FIELD_REQUIRED']],
  ['updateNicBinding', bindingUpdate(['state']), ['nic_binding.state FIELD_REQUIRED']],
  ['updateNicBinding', bindingUpdate(['state'], { state: 3 }), ['nic_binding.state ENUM_VALUE_UNKNOWN']],
  [
    'updateNicBinding',
    bindingUpdate(['host', 'interface_name', 'x']),
    ['update_mask FIELD_IMMUTABLE', 'update_mask FIELD_IMMUTABLE', 'update_mask FIELD_UNKNOWN'],
  ],
  ['updateNicBinding', bindingUpdate(['labels'], { labels: { A: '' } }), ['nic_binding.labels LABEL_KEY_MALFORMED']],
  ['createNicBinding', binding({ description: long(1025) }), ['nic_binding.description TEXT_TOO_LONG']],

  ['batchGetHosts', { names: ['hosts/h1', 'h1', ''] }, ['names[1] NAME_MALFORMED', 'names[2] FIELD_REQUIRED']],
  ['batchGetNetworks', { names: ['projects/p/networks/vpc'] }, ['parent FIELD_REQUIRED']],
  ['batchGetVmInstances', { parent, names: ['projects/q/vmInstances/a'] }, ['names[0] PROJECT_MISMATCH']],
  ['batchGetNicBindings', { parent, names: [nicName] }, ['names[0] NAME_MALFORMED']],
  ['batchCreateHosts', { requests: [] }, ['requests ITEM_COUNT_OUT_OF_RANGE']],
  [
    'batchCreateHosts',
    { requests: [{ hostId: 'a' }, { hostId: 'B' }, { host: { displayName: long(257) } }] },
    ['requests[1].host_id RESOURCE_ID_MALFORMED', 'requests[2].host.display_name TEXT_TOO_LONG'],
  ],
  ['batchDeleteHosts', { requests: Array(501).fill({ name: 'hosts/h1' }) }, ['requests ITEM_COUNT_OUT_OF_RANGE']],
  [
    'batchCreateNetworks',
    { parent: '', requests: [network({}), { ...network({ cidrs: ['x'] }), requestId: 'again' }] },
    [
      'parent FIELD_REQUIRED',
      'requests[1].request_id FIELD_NOT_SETTABLE',
      'requests[1].network.cidrs[0] CIDR_MALFORMED',
    ],
  ],
  [
    'batchUpdateNics',
    {
      parent,
      requests: [
        nicUpdate(['addresses'], { addresses: ['10.9.9.9'] }),
        nicUpdate(['mac_address']),
        nicUpdate(['labels'], { name: 'projects/q/nics/n' }),
      ],
    },
    [
      'requests[2].nic.name PROJECT_MISMATCH',
      'requests[0].nic.addresses[0] ADDRESS_OUTSIDE_NETWORK',
      'requests[1].update_mask FIELD_IMMUTABLE',
    ],
  ],
  [
    'batchCreateNicBindings',
    { parent, requests: [binding({ state: 3 }), { ...binding({}), parent: 'projects/q/nics/n' }] },
    ['requests[0].nic_binding.state ENUM_VALUE_UNKNOWN', 'requests[1].parent PROJECT_MISMATCH'],
  ],
  [
    'batchUpdateVmInstances',
    { parent, requests: [vmUpdate(['state'])] },
    ['requests[0].vm_instance.state FIELD_REQUIRED'],
  ],
  ['batchDeleteNics', { parent, requests: [{ name: 'n1' }] }, ['requests[0].name NAME_MALFORMED']],
];
