import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.js';
import { type Probe, type ProbePacket, Prober } from '../probe/prober.js';
import { SimulatedFirewall } from './firewall.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('Comparing the simulator with the kernel needs root: skipped.');

/** xorshift32: the same rules in every run. */
function randomFrom(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

const vms = [1, 2, 3].map((n) => ({
  id: `a${n}`,
  host: 'h1',
  network: 'net',
  interfaceName: `vnic${n}.0`,
  mac: `02:00:00:00:00:0${n}`,
  addresses: [`10.0.0.${n}/24`, `2001:db8::${n}/64`],
}));
const ids = vms.map(({ id }) => id);
const packets: ProbePacket[] = ([4, 6] as const).flatMap((family) => [
  { family, protocol: 'tcp', dstPort: 80, srcPort: 1000 },
  { family, protocol: 'tcp', dstPort: 81, srcPort: 2000 },
  { family, protocol: 'udp', dstPort: 80, srcPort: 1000 },
  { family, protocol: 'icmp' },
  { family, protocol: 'icmp', icmpType: family === 4 ? 13 : 129 },
  { family, protocol: 47 },
]);
const sets = `create ip4 hash:ip family inet
add ip4 10.0.0.1
add ip4 10.0.0.3
create ip6 hash:ip family inet6
add ip6 2001:db8::1
create net4 hash:net family inet
add net4 10.0.0.0/30
add net4 10.0.0.2/32 nomatch
create net6 hash:net family inet6
add net6 2001:db8::2/127
create port bitmap:port range 1-65535
add port 80
create np4 hash:net,port family inet
add np4 10.0.0.2/31,tcp:80-81
add np4 10.0.0.0/24,icmp:8/0
create np6 hash:net,port family inet6
add np6 2001:db8::/126,udp:80
add np6 2001:db8::3/128,icmpv6:128/0
`;

const matchesOf = (v: 4 | 6) => {
  const address = v === 4 ? '10.0.0.' : '2001:db8::';
  return [
    `-s ${address}1`,
    `! -d ${address}2/${v === 4 ? 31 : 127}`,
    '-p tcp',
    '! -p udp',
    '-p tcp -m tcp --dport 80',
    '-p tcp -m tcp ! --dport 81:90',
    '-p udp -m udp --sport 1000:',
    '-p tcp -m multiport --dports 22,80:82',
    v === 4 ? '-p icmp -m icmp --icmp-type 8' : '-p ipv6-icmp -m icmp6 --icmpv6-type 128/0',
    '-m physdev --physdev-in vnic1.0',
    '-m physdev --physdev-out vnic2.0',
    '-m physdev ! --physdev-in vnic+',
    '-m physdev ! --physdev-out vnic3+ --physdev-is-bridged',
    '-m conntrack --ctstate RELATED,ESTABLISHED',
    '-m conntrack ! --ctstate NEW',
    '-m mark --mark 0x1/0x1',
    '-m mark ! --mark 0x6/0xf',
    `-m set --match-set ip${v} src`,
    `-m set ! --match-set ip${v} dst`,
    `-m set --match-set net${v} src`,
    `-m set --match-set net${v} dst`,
    '-m set --match-set port dst',
    '-m set ! --match-set port src',
    `-m set --match-set np${v} dst,dst`,
    `-m set --match-set np${v} src,dst`,
    '-m mac --mac-source 02:00:00:00:00:01',
    // A destination port (80), a protocol (UDP, an echo), and a place behind the end of most packets.
    `-m u32 --u32 ${v === 4 ? '0x14&0xffff=0x50' : '"0x28&0xffff=0x50"'}`,
    `-m u32 --u32 "${v === 4 ? '0x8>>0x10&0xff=0x11' : '0x4>>0x8&0xff=0x3a&&0x28>>0x18=0x80'}"`,
    `-m u32 --u32 "0x3c&0x0=0x0"`,
    '-m comment --comment "a \\"b\\" -j DROP"',
    '-i br0',
    '! -o br+',
  ];
};
const endings = [
  '-j ACCEPT',
  '-j DROP',
  '-j DROP',
  '-j RETURN',
  '-j MARK --set-xmark 0x7/0xf',
  '-j MARK --and-mark 0x6',
];

function randomRules(v: 4 | 6, random: (count: number) => number): string {
  const chains = ['FORWARD', 'one', 'two', 'three'];
  const lines = chains.flatMap((chain, depth) =>
    Array.from({ length: depth === 0 ? 6 : 3 }, () => {
      const deeper = chains.slice(depth + 1).flatMap((name) => [`-j ${name}`, `-g ${name}`]);
      const choices = [...endings, ...deeper, ...deeper];
      const matches = matchesOf(v);
      return `-A ${chain} ${matches[random(matches.length)]} ${choices[random(choices.length)]}`;
    }),
  );
  const policy = random(3) === 0 ? 'DROP' : 'ACCEPT';
  const declared = [`:FORWARD ${policy} [0:0]`, ...chains.slice(1).map((name) => `:${name} - [0:0]`)];
  return ['*filter', ...declared, ...lines, 'COMMIT', ''].join('\n');
}

/** A packet of a flow that no earlier round has used; where there are no ports, by a protocol number of its own. */
function newFlow({ from, to, packet }: Probe, seed: number, srcPort: number): ProbePacket {
  if (typeof packet.protocol === 'number') return { ...packet, protocol: 150 + seed * 2 + (from < to ? 1 : 0) };
  return packet.srcPort === undefined ? packet : { ...packet, srcPort };
}

describe.skipIf(!isRoot)('the simulator and the kernel agree', () => {
  let lab: Lab;
  let prober: Prober;
  let host: string;

  beforeAll(async () => {
    lab = await createLab({ hosts: ['h1'], networks: [{ id: 'net', cidrs: ['10.0.0.0/24', '2001:db8::/64'] }], vms });
    prober = new Prober(lab);
    host = lab.hostNamespace('h1');
    expect(await lab.exec(host, 'ipset', ['restore'], { input: sets })).toMatchObject({ stderr: '' });
  });
  afterAll(async () => {
    await lab?.destroy();
  });

  const rounds = ['nft', 'legacy'].flatMap((backEnd) =>
    Array.from({ length: 12 }, (_, n) => ({ backEnd, seed: n + (backEnd === 'nft' ? 1 : 13) })),
  );
  it.each(rounds)('on random rules $seed of iptables-$backEnd', async ({ backEnd, seed }) => {
    const random = randomFrom(seed * 7919);
    const saved: Record<4 | 6, string> = { 4: '', 6: '' };
    const written = { 4: randomRules(4, random), 6: randomRules(6, random) };
    for (const [v, command] of [
      [4, `iptables-${backEnd}`],
      [6, `ip6tables-${backEnd}`],
    ] as const) {
      const restored = await lab.exec(host, `${command}-restore`, ['-w'], { input: written[v] });
      expect(restored).toMatchObject({ code: 0, stderr: '' });
      saved[v] = (await lab.exec(host, `${command}-save`, ['-t', 'filter'])).stdout;
    }
    const savedSets = (await lab.exec(host, 'ipset', ['save'])).stdout;
    const fromWritten = new SimulatedFirewall({ ipv4: written[4], ipv6: written[6], sets });
    const fromSaved = new SimulatedFirewall({ ipv4: saved[4], ipv6: saved[6], sets: savedSets });
    const probes: Probe[] = ids.flatMap((from) =>
      ids.filter((to) => to !== from).flatMap((to) => packets.map((packet) => ({ from, to, packet }))),
    );
    const wrong: string[] = [];
    for (const probe of probes) {
      const packet = newFlow(probe, seed, 10_000 + random(50_000));
      const situation = {
        physdevIn: lab.vm(probe.from).interfaceName,
        physdevOut: lab.vm(probe.to).interfaceName,
        inInterface: 'br0',
        outInterface: 'br0',
        ...(packet.icmpType === undefined
          ? {}
          : { state: packet.family === 4 ? ('new' as const) : ('invalid' as const) }),
      };
      const { fate, packet: sent } = await prober.probeOne({ ...probe, packet });
      for (const firewall of [fromWritten, fromSaved]) {
        const { verdict, trace } = firewall.judge(sent, situation);
        if ((verdict === 'accept') !== (fate === 'delivered')) {
          wrong.push(`${probe.from} → ${probe.to} ${JSON.stringify(sent)}: ${fate}, simulated ${trace.join(' | ')}`);
        }
      }
    }
    expect(wrong.join('\n') + (wrong.length > 0 ? `\n${saved[4]}\n${saved[6]}` : '')).toBe('');
    for (const command of [`iptables-${backEnd}`, `ip6tables-${backEnd}`]) {
      await lab.exec(host, `${command}-restore`, ['-w'], { input: '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n' });
    }
  });
});
