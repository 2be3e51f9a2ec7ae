import type { HostNic } from '@portcullis/compile';
import { describe, expect, it } from 'vitest';
import { renderNicChains } from './nic-chains.js';

const nic: HostNic = {
  id: 'projects/p/nics/n',
  interfaceName: 'vnic0',
  routingDomain: 'default',
  mac: '02:00:00:00:00:01',
  addresses: ['10.0.0.1', '2001:db8::1'],
  antiSpoofing: true,
  guarded: true,
  groups: ['projects/p/securityGroups/g'],
  egressOpen: false,
  dhcpServers: [],
};
const dropLog = { group: 7, perSecond: 3, burst: 9 };
const rulesOf = (each: HostNic, family: 4 | 6) => renderNicChains(each, family, dropLog);

describe.each([4, 6] as const)('the chains of a NIC whose drops are logged, IPv%i', (family) => {
  const logged = rulesOf({ ...nic, logDrops: true }, family);

  it.each([
    ['ingress', 'NI'],
    ['egress', 'NE'],
    ['spoofed', 'SN'],
  ] as const)('log right before they drop: %s', (use, kind) => {
    const [log, drop] = logged[use]?.rules.slice(-2) ?? [];
    const prefix = `PC-${kind}-${logged[use]?.name.slice(6)}`;
    expect(log).toBe(`-m limit --limit 3/sec --limit-burst 9 -j NFLOG --nflog-prefix ${prefix} --nflog-group 7`);
    expect(drop).toMatch(/^-m comment .* -j DROP$/);
  });

  it('drop nothing without a log', () => {
    const rules = (['spoofing', 'discovery'] as const).flatMap((use) => logged[use]?.rules ?? []);
    expect(rules.filter((rule) => rule.endsWith('-j DROP'))).toEqual([]);
    expect(rules.filter((rule) => rule.endsWith(`-g ${logged.spoofed?.name}`)).length).toBeGreaterThan(2);
  });

  it('are but for that the ones of any other NIC', () => {
    const strip = (rules: readonly string[] = []) =>
      rules.filter((rule) => !rule.includes('NFLOG')).map((rule) => rule.replace(/-g PC-SX-\S+$/, '-j DROP'));
    const plain = rulesOf(nic, family);
    expect(plain.spoofed).toBeUndefined();
    for (const use of ['ingress', 'egress', 'spoofing', 'discovery'] as const)
      expect(strip(logged[use]?.rules)).toEqual(plain[use]?.rules ?? []);
  });
});
