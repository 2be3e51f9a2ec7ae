import { existsSync, readdirSync } from 'node:fs';
import { createLab, type Fate, type Lab, type ProbePacket, Prober, probeTruthTable } from '@portcullis/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('The network lab needs root: its tests are skipped.');

const networks = [
  { id: 'net-a', cidrs: ['10.1.0.0/24', '2001:db8:1::/64'] },
  { id: 'net-b', cidrs: ['10.1.0.0/24', '2001:db8:1::/64'] },
  { id: 'net-c', cidrs: ['10.3.0.0/24', '2001:db8:3::/64'] },
];
const vm = (id: string, host: string, n: 1 | 2 | 3, index: number) => ({
  id,
  host,
  network: `net-${'abc'[n - 1]}`,
  interfaceName: `vnic${index}.0`,
  mac: `02:00:00:00:0${n}:0${index}`,
  addresses: [`10.${n === 2 ? 1 : n}.0.${index}/24`, `2001:db8:${n === 2 ? 1 : n}::${index}/64`],
});
/** a1 and a2 on one host, a3 on another, b1 and b2 on a network with the same addresses. */
const vms = [
  vm('a1', 'h1', 1, 1),
  vm('a2', 'h1', 1, 2),
  vm('a3', 'h2', 1, 3),
  vm('b1', 'h1', 2, 4),
  vm('b2', 'h2', 2, 5),
  vm('c1', 'h1', 3, 6),
  vm('c2', 'h2', 3, 7),
  vm('outsider', 'underlay', 1, 8),
];
const packets: Record<string, ProbePacket> = Object.fromEntries(
  ([4, 6] as const).flatMap((family) => [
    [`tcp/80 IPv${family}`, { family, protocol: 'tcp', dstPort: 80 } as const],
    [`udp/53 IPv${family}`, { family, protocol: 'udp', dstPort: 53 } as const],
    [`echo IPv${family}`, { family, protocol: 'icmp' } as const],
  ]),
);

describe.skipIf(!isRoot)('the network lab', () => {
  let lab: Lab;
  let prober: Prober;
  const all = vms.map(({ id }) => id);
  const probeAll = async (expected: (from: string, to: string, packet: string) => Fate) => {
    const table = { from: all, to: all, packets };
    const stated = {
      ...table,
      expected: (cell: { from: string; to: string; packet: string }) => expected(cell.from, cell.to, cell.packet),
    };
    return probeTruthTable(lab, prober, stated);
  };

  beforeAll(async () => {
    lab = await createLab({ hosts: ['h1', 'h2'], networks, vms });
    prober = new Prober(lab);
  });
  afterAll(async () => {
    await lab?.destroy();
  });

  it('delivers everything, within and across hosts, while nobody filters', async () => {
    const { report, cellCount } = await probeAll(() => 'delivered');
    expect(report).toBe('');
    expect(cellCount).toBe(96);
  });

  it.each(Object.entries(packets))('sees the kernel reply to %s', async (_, packet) => {
    expect(await prober.probeOne({ from: 'a1', to: 'a3', packet })).toMatchObject({ fate: 'delivered', replied: true });
    expect(await prober.probeOne({ from: 'outsider', to: 'a1', packet })).toMatchObject({ replied: true });
  });

  it.each(['nft', 'legacy'])('sees exactly the packets dropped that a rule of iptables-%s drops', async (backEnd) => {
    const rule = ['FORWARD', '-m', 'physdev', '--physdev-out', 'vnic2.0', '-j', 'DROP'];
    const host = lab.hostNamespace('h1');
    for (const command of [`iptables-${backEnd}`, `ip6tables-${backEnd}`]) {
      for (const [action, isDropped] of [
        ['-A', true],
        ['-D', false],
      ] as const) {
        const { code, stderr } = await lab.exec(host, command, ['-w', action, ...rule]);
        expect({ code, stderr }).toMatchObject({ code: 0 });
        const family = command.startsWith('ip6') ? 'IPv6' : 'IPv4';
        const { report } = await probeAll((_, to, packet) =>
          isDropped && to === 'a2' && packet.endsWith(family) ? 'dropped' : 'delivered',
        );
        expect(report).toBe('');
      }
    }
  });

  it('prints the wrong cells and the rules of the hosts', async () => {
    const rule = ['-w', '-A', 'FORWARD', '-m', 'physdev', '--physdev-out', 'vnic7.0', '-j', 'DROP'];
    await lab.exec(lab.hostNamespace('h2'), 'iptables-nft', rule);
    const table = { from: ['c1'], to: ['c2'], packets, expected: () => 'delivered' as const };
    const { report } = await probeTruthTable(lab, prober, table);
    expect(report).toContain('3 of 6 cells are wrong\nc1 → c2 tcp/80 IPv4: dropped, expected delivered');
    expect(report).toContain('--physdev-out vnic7.0 -j DROP');
    await lab.exec(lab.hostNamespace('h2'), 'iptables-nft', ['-w', '-F']);
  });

  it('recovers from a probe with a forged MAC', async () => {
    const forged = { ...packets['echo IPv4'], family: 4, protocol: 'icmp', srcMac: vms[2]?.mac ?? '' } as const;
    await prober.probe([{ from: 'a1', to: 'a2', packet: forged, expected: 'delivered' }]);
    const packet = { family: 4, protocol: 'udp' } as const;
    expect(await prober.probeOne({ from: 'a2', to: 'a3', packet })).toMatchObject({ fate: 'delivered' });
  });

  it('moves a VM to another host', async () => {
    await lab.unplug('a2');
    const packet = { family: 6, protocol: 'tcp' } as const;
    expect(await prober.probeOne({ from: 'a1', to: 'a2', packet })).toMatchObject({ fate: 'dropped' });
    await lab.plug('a2', { host: 'h2', interfaceName: 'vnic77.0' });
    const probe = { from: 'a1', to: 'a2', packet, expected: 'delivered' } as const;
    expect(await prober.probeOne(probe)).toMatchObject({ fate: 'delivered', replied: true });
  });

  it('probes hundreds of packets in a second', async () => {
    const packet = { family: 4, protocol: 'udp', dstPort: 7 } as const;
    const probes = Array.from(
      { length: 600 },
      () => ({ from: 'c1', to: 'c2', packet, expected: 'delivered' }) as const,
    );
    const startedAt = performance.now();
    const results = await prober.probe(probes);
    expect(results.every(({ fate }) => fate === 'delivered')).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('L1 leaves nothing behind', async () => {
    lab.spawnIn('h1', 'sleep', ['1000']);
    await lab.destroy();
    const own = (name: string) => name.startsWith(`pclab-${process.pid}-`);
    expect(existsSync('/run/netns') ? readdirSync('/run/netns').filter(own) : []).toEqual([]);
    expect(readdirSync('/run').filter(own)).toEqual([]);
  });
});
