import { expect, it } from 'vitest';
import { digestHostState } from './digest.js';
import type { HostNic, HostState } from './host-state.js';

const nic: HostNic = {
  id: 'n1',
  interfaceName: 'v1',
  bridge: 'br0',
  routingDomain: 'd',
  mac: '02:00:00:00:00:01',
  addresses: ['10.0.0.1', '2001:db8::1'],
  antiSpoofing: false,
  guarded: false,
  groups: [],
  allowedPairs: [{ mac: '02:00:00:00:00:01', cidr: '10.9.0.0/24' }],
  egressOpen: true,
  dhcpServers: ['10.0.0.9'],
  logDrops: true,
};
const { allowedPairs: _, bridge: __, logDrops: ___, ...plain } = nic;
const other: HostNic = {
  ...plain,
  id: 'n2',
  interfaceName: 'v2',
  mac: '02:00:00:00:00:02',
  addresses: ['10.0.0.2'],
  antiSpoofing: true,
  guarded: true,
  groups: ['g'],
  egressOpen: false,
  dhcpServers: [],
};
const ports = { start: 1, end: 2 };
const state: HostState = {
  nics: new Map([
    ['n2', other],
    ['n1', nic],
  ]),
  groups: new Map([
    [
      'g',
      {
        id: 'g',
        rules: [{ id: 'r', direction: 'ingress', protocol: 'tcp', ports, remoteGroup: 'g', active: true }],
      },
    ],
  ]),
  memberSets: new Map([
    ['g@d', { group: 'g', routingDomain: 'd', addresses: new Set(['2001:db8::1', '10.0.0.2', '10.0.0.10']) }],
  ]),
  addressGroups: new Map([['a', { id: 'a', cidrs: new Set(['10.2.0.0/16', '10.1.0.0/16']) }]]),
};

it('the digest of a state is what earlier versions make of it', () => {
  expect(digestHostState(state)).toBe('a79f4a0de0d589dc23d162880d5572ee6f18e8811560ca7ca932b764ba03bf07');
});

it('the digest tells states apart that have the same map of NICs', () => {
  const emptied = { ...state, groups: new Map(), memberSets: new Map(), addressGroups: new Map() };
  const swapped = { ...state, nics: new Map([['n1', nic]]) };
  const digests = [state, emptied, swapped, state].map(digestHostState);
  expect(new Set(digests).size).toBe(3);
  expect(digests[3]).toBe(digests[0]);
});
