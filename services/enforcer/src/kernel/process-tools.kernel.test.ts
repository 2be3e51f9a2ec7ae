import { type HostState, memberSetKey } from '@portcullis/compile';
import { type Cidr, formatCidr as format, parseCidr, type Rule } from '@portcullis/model';
import { planChange, readApplied } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKernelLab, isRoot, type KernelLab } from '../fixtures/kernel-lab.js';
import { randomStates } from '../fixtures/random-state.js';
import { backends } from './kernel-tools.js';
import { ProcessTools } from './process-tools.js';

describe.skipIf(!isRoot).each(backends)('a kernel driven by iptables-%s', (backend) => {
  let host: KernelLab;
  beforeAll(async () => {
    host = await createKernelLab();
  });
  afterAll(() => host?.lab.destroy());

  it('prints what was rendered, state after state', async () => {
    const tools = new ProcessTools(backend, host.launcher);
    const renderer = new FirewallRenderer();
    for (const state of randomStates(25, 7)) {
      const desired = renderer.render(state);
      const plan = planChange(readApplied(await tools.read()), desired, { keepStrays: true });
      for (const step of plan.steps) await tools.run(step);
      expect(planChange(readApplied(await tools.read()), desired, { keepStrays: true }).steps).toEqual([]);
    }
  });

  it('prints every kind of rule as it was rendered', async () => {
    const tools = new ProcessTools(backend, host.launcher);
    const desired = new FirewallRenderer().render(stateWithEveryKindOfRule());
    const plan = planChange(readApplied(await tools.read()), desired, { keepStrays: true });
    for (const step of plan.steps) await tools.run(step);
    expect(planChange(readApplied(await tools.read()), desired, { keepStrays: true }).steps).toEqual([]);
  });
});

/** Every ICMP type and the first and last code, every prefix length of both families, ports at their ends. */
function stateWithEveryKindOfRule(): HostState {
  const id = 'projects/p/securityGroups/g';
  const remote = {
    group: id,
    routingDomain: 'default',
    addresses: new Set(['10.0.0.1', '2001:db8::1', '::ffff:1.2.3.4']),
  };
  const ends = [1, 2, 22, 65_534, 65_535];
  const matched: Partial<Rule>[] = [
    { protocol: 'icmp' },
    ...Array.from({ length: 256 }, (_, type) => [{ type }, { type, code: 0 }, { type, code: 255 }])
      .flat()
      .map((icmp) => ({ protocol: 'icmp' as const, icmp })),
    ...ends.flatMap((start) =>
      ends.filter((end) => end >= start).map((end) => ({ protocol: 'udp' as const, ports: { start, end } })),
    ),
    ...Array.from({ length: 33 }, (_, length) => ({ cidr: formatCidr(parseCidr(`172.31.255.255/${length}`)) })),
    ...Array.from({ length: 129 }, (_, length) => ({ cidr: formatCidr(parseCidr(`fdff:ffff::ffff:1/${length}`)) })),
    ...['::/96', '::1.2.3.4/128', '::ffff:0:0/96', '::1/128', '64:ff9b::102:304/128', '2001:db8:0:1:1:1:1:1/128'].map(
      (cidr) => ({ cidr }),
    ),
    { protocol: 'tcp', ports: { start: 1, end: 1 }, cidr: '10.0.0.0/8', remoteGroup: id },
  ];
  const rules = matched.flatMap((fields, i) =>
    (['ingress', 'egress'] as const).map(
      (direction): Rule => ({
        id: `${id}/rules/${i}-${direction}`,
        direction,
        protocol: 'all',
        active: true,
        ...fields,
      }),
    ),
  );
  const nic = {
    id: 'projects/p/nics/n',
    interfaceName: 'a-b_c.d@e:fghij',
    bridge: 'br-0',
    routingDomain: 'default',
    mac: '02:00:00:00:00:0a',
    addresses: ['10.0.0.1', '2001:db8::1', '::ffff:1.2.3.4'],
    antiSpoofing: true,
    guarded: true,
    groups: [id],
    egressOpen: false,
    dhcpServers: ['10.0.0.250', 'fe80::1'],
  };
  return {
    nics: new Map([[nic.id, nic]]),
    groups: new Map([[id, { id, rules }]]),
    memberSets: new Map([[memberSetKey(id, 'default'), remote]]),
  };
}

function formatCidr(cidr: Cidr | undefined): string {
  if (cidr === undefined) throw new Error('not a CIDR');
  return format(cidr);
}
