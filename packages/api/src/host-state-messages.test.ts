import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { HostGroup, HostNic } from '@portcullis/compile';
import { expect, it } from 'vitest';
import { HostGroupSchema, HostNicSchema } from './gen/portcullis/enforce/v1/enforce_pb.js';
import { decodeHostGroup, decodeHostNic, encodeHostGroup, encodeHostNic } from './host-state-messages.js';

const nic: HostNic = {
  id: 'projects/p/nics/a',
  interfaceName: 'vnic1.0',
  routingDomain: 'default',
  mac: '52:54:00:00:00:01',
  addresses: ['10.0.0.1', '2001:db8::1'],
  antiSpoofing: true,
  logDrops: true,
  guarded: true,
  groups: ['projects/p/securityGroups/g'],
  egressOpen: false,
  dhcpServers: [],
};

const allowedPairs = [{ mac: '00:00:5e:00:01:07', cidr: '10.0.0.0/24' }];

it.each([nic, { ...nic, bridge: 'br0' }, { ...nic, allowedPairs }])('a NIC arrives as it was sent', (each) => {
  const bytes = toBinary(HostNicSchema, encodeHostNic(each));
  expect(decodeHostNic(fromBinary(HostNicSchema, bytes))).toEqual(each);
});

it.each([{}, { keepsFlows: true as const }])('rules arrive as they were sent', (kept) => {
  const group: HostGroup = {
    id: 'g',
    ...kept,
    rules: [
      { id: '1', direction: 'ingress', protocol: 'all', active: true },
      { id: '2', direction: 'egress', protocol: 'tcp', ports: { start: 1, end: 65535 }, active: true },
      { id: '3', direction: 'ingress', protocol: 'icmp', icmp: { type: 0 }, cidr: '10.0.0.0/8', active: true },
      { id: '4', direction: 'ingress', protocol: 'icmp', icmp: { type: 3, code: 0 }, remoteGroup: 'r', active: true },
      { id: '5', direction: 'egress', protocol: 'all', addressGroup: 'a', remoteGroup: 'r', active: true },
    ],
  };
  expect(decodeHostGroup(fromBinary(HostGroupSchema, toBinary(HostGroupSchema, encodeHostGroup(group))))).toEqual(
    group,
  );
});

it('a protocol of a later version is an error, not a guess', () => {
  const message = encodeHostGroup({
    id: 'g',
    rules: [{ id: '1', direction: 'ingress', protocol: 'all', active: true }],
  });
  for (const rule of message.rules) rule.protocol = 99 as never;
  expect(() => decodeHostGroup(message)).toThrow('unknown protocol 99');
});
