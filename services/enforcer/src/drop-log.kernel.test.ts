import { createInterface } from 'node:readline';
import type { HostNic, HostState } from '@portcullis/compile';
import { planChange, readApplied } from '@portcullis/plan';
import { type DropLog, FirewallRenderer, nicChain } from '@portcullis/ruleset';
import { createLogger } from '@portcullis/runtime';
import { createLab, type Lab, type Probe, type ProbePacket, Prober } from '@portcullis/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Enforcement } from './apply/enforcement.js';
import { isRoot } from './fixtures/kernel-lab.js';
import { createLauncher } from './kernel/exec.js';
import { backends } from './kernel/kernel-tools.js';
import { ProcessTools } from './kernel/process-tools.js';

const logger = createLogger('enforcement', { level: 'silent' });
const dropLog: DropLog = { group: 4711, perSecond: 1, burst: 3 };

/**
 * Prints the prefix of each packet of a group: 12 is NETLINK_NETFILTER; the first two messages bind to the group and ask
 * for whole packets (nfnetlink_log.h: NFULNL_MSG_CONFIG, NFULA_CFG_CMD, NFULA_CFG_MODE); attribute 10 is NFULA_PREFIX.
 */
const reader = String.raw`
use strict; use Socket; $| = 1;
my $group = shift;
socket(my $s, 16, 3, 12) or die "socket: $!";
bind($s, pack('S S L L', 16, 0, 0, 0)) or die "bind: $!";
sub config { my ($type, $value) = @_;
  my $attribute = pack('S S', 4 + length $value, $type) . $value; $attribute .= "\0" x (-length($attribute) % 4);
  my $body = pack('C C n', 0, 0, $group) . $attribute;
  send($s, pack('L S S L L', 16 + length $body, 0x401, 5, 1, 0) . $body, 0, pack('S S L L', 16, 0, 0, 0)) or die "send: $!";
  recv($s, my $answer, 65536, 0); my $error = unpack('x16 l', $answer); die "refused: $error" if $error;
}
config(1, pack('C', 1)); config(2, pack('N C C', 65535, 2, 0));
print "ready\n";
while (1) {
  recv($s, my $data, 65536, 0);
  while (length $data >= 16) {
    my ($size, $type) = unpack('L S', $data); last if $size < 16;
    if ($type == 0x400) {
      my $at = 20;
      while ($at + 4 <= $size) {
        my ($length, $kind) = unpack('S S', substr($data, $at)); last if $length < 4;
        print unpack('Z*', substr($data, $at + 4, $length - 4)), "\n" if $kind == 10;
        $at += ($length + 3) & ~3;
      }
    }
    $data = substr($data, ($size + 3) & ~3);
  }
}
`;

const macs = { a: '02:00:00:00:00:0a', b: '02:00:00:00:00:0b' };
const addresses = { a: ['10.0.0.1', '2001:db8::1'], b: ['10.0.0.2', '2001:db8::2'] };
const group = 'projects/p/securityGroups/closed';
const nic: HostNic = {
  id: 'projects/p/nics/b',
  interfaceName: 'v-b',
  routingDomain: 'default',
  mac: macs.b,
  addresses: addresses.b,
  antiSpoofing: true,
  guarded: true,
  groups: [group],
  egressOpen: false,
  dhcpServers: [],
  logDrops: true,
};
const state: HostState = {
  nics: new Map([[nic.id, nic]]),
  groups: new Map([[group, { id: group, rules: [] }]]),
  memberSets: new Map(),
  addressGroups: new Map(),
};

describe.skipIf(!isRoot).each(backends)('the log of dropped packets on iptables-%s', (backend) => {
  let lab: Lab;
  let prober: Prober;
  let tools: ProcessTools;
  /** Prefixes of packets that the reader was given, in order. */
  const logged: string[] = [];

  beforeEach(async () => {
    logged.length = 0;
    const vm = (id: 'a' | 'b') => {
      const withLengths = addresses[id].map((each) => `${each}/${each.includes(':') ? 64 : 24}`);
      return { id, host: 'h1', network: 'net', interfaceName: `v-${id}`, mac: macs[id], addresses: withLengths };
    };
    lab = await createLab({
      hosts: ['h1'],
      networks: [{ id: 'net', cidrs: ['10.0.0.0/24', '2001:db8::/64'] }],
      vms: [vm('a'), vm('b')],
    });
    const namespace = lab.hostNamespace('h1');
    const env = { XTABLES_LOCKFILE: `/run/${namespace}.lock` };
    tools = new ProcessTools(backend, createLauncher({ prefix: ['ip', 'netns', 'exec', namespace], env }));
    prober = new Prober(lab);
  });
  afterEach(async () => {
    prober?.close();
    await lab?.destroy();
  });

  const enforce = (wanted: DropLog) =>
    new Enforcement({ tools, log: logger, dropLog: wanted }).enforce({
      generation: { policy: 1, inventory: 1 },
      state,
      unreadable: new Map(),
    });
  const listen = async () => {
    const child = lab.spawnIn('h1', 'perl', ['-e', reader, `${dropLog.group}`]);
    const lines = createInterface({ input: child.stdout ?? process.stdin });
    const complaint = new Promise<string>((resolve) => child.stderr?.once('data', (text) => resolve(String(text))));
    const ready = new Promise<string>((resolve) => lines.once('line', resolve));
    expect(await Promise.race([ready, complaint])).toBe('ready');
    lines.on('line', (line) => logged.push(line));
  };
  /** Tells how many arrived. */
  const send = async (count: number, from: 'a' | 'b', packet: ProbePacket) => {
    const to = from === 'a' ? 'b' : 'a';
    const probes = Array.from({ length: count }, (): Probe => ({ from, to, packet, expected: 'dropped' }));
    return (await prober.probe(probes)).filter(({ fate }) => fate === 'delivered').length;
  };

  it.each([
    [4, '10.0.0.77'],
    [6, '2001:db8::77'],
  ] as const)('names the NIC and the direction, and no more packets than it may, IPv%i', async (family, foreign) => {
    expect((await enforce(dropLog)).closed).toEqual([]);
    await listen();
    const udp = { family, protocol: 'udp' } as const;
    expect(await send(30, 'a', udp)).toBe(0);
    expect(await send(1, 'b', udp)).toBe(0);
    expect(await send(1, 'b', { ...udp, src: foreign })).toBe(0);
    const count = (use: 'ingress' | 'egress' | 'spoofing') =>
      logged.filter((prefix) => prefix === nicChain(use, nic.id)).length;
    // The VM says a word of its own now and then (IGMP).
    const others = () => Math.min(count('egress'), count('spoofing'));
    await expect.poll(others, { timeout: 5000 }).toBeGreaterThan(0);
    expect(count('ingress')).toBeGreaterThanOrEqual(dropLog.burst);
    expect(count('ingress')).toBeLessThan(10);
    expect(logged).toHaveLength(count('ingress') + count('egress') + count('spoofing'));
  });

  it.each([1, 3, 7, 60, 300, 999, 10_000])('finds a rate of %i a second as it was written', async (perSecond) => {
    const other = { group: 1, perSecond, burst: perSecond === 3 ? 5 : 1 };
    expect((await enforce(other)).closed).toEqual([]);
    const rendered = new FirewallRenderer(other).render(state);
    expect(planChange(readApplied(await tools.read()), rendered).steps).toEqual([]);
  });
});
