import type { HostNic, HostState } from '@portcullis/compile';
import { type Applied, nothingApplied, planChange } from '@portcullis/plan';
import { FirewallRenderer, flowElements, type RevokedFlows } from '@portcullis/ruleset';
import { createLab, type Lab, Prober } from '@portcullis/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('Packets that a host routes need a kernel, and that needs root: these tests are skipped.');

const group = 'projects/p/securityGroups/g';

/** May send to UDP port 53 of anyone, from its own address. */
const sender: HostNic = {
  id: 'projects/p/nics/sender',
  interfaceName: 'vnic1.0',
  bridge: 'br0',
  routingDomain: 'default',
  mac: '02:00:00:00:01:01',
  addresses: ['10.1.0.1'],
  antiSpoofing: true,
  guarded: true,
  groups: [group],
  egressOpen: false,
  dhcpServers: [],
};
const ports = { start: 53, end: 53 };
const state: HostState = {
  nics: new Map([[sender.id, sender]]),
  groups: new Map([
    [group, { id: group, rules: [{ id: 'r', direction: 'egress', protocol: 'udp', ports, active: true }] }],
  ]),
  memberSets: new Map(),
  addressGroups: new Map(),
};

const vms = [
  { id: 'sender', host: 'h1', network: 'left', interfaceName: 'vnic1.0', mac: sender.mac, addresses: ['10.1.0.1/24'] },
  {
    id: 'receiver',
    host: 'h1',
    network: 'right',
    interfaceName: 'tap2',
    mac: '02:00:00:00:02:01',
    addresses: ['10.2.0.1/24'],
  },
];

describe.skipIf(!isRoot).each(['nft', 'legacy'] as const)(
  'a packet that the host routes, with iptables-%s',
  (backend) => {
    let lab: Lab;
    let prober: Prober;
    const gateways = { br0: '', br1: '' };
    let applied: Applied = nothingApplied;
    beforeAll(async () => {
      const networks = [
        { id: 'left', cidrs: ['10.1.0.0/24'] },
        { id: 'right', cidrs: ['10.2.0.0/24'] },
      ];
      lab = await createLab({ hosts: ['h1'], networks, vms });
      await run('ip', ['address', 'add', '10.1.0.254/24', 'dev', 'br0']);
      await run('ip', ['address', 'add', '10.2.0.254/24', 'dev', 'br1']);
      await run('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0']);
      for (const bridge of ['br0', 'br1'] as const)
        gateways[bridge] = (await run('cat', [`/sys/class/net/${bridge}/address`])).trim();
      // There is nothing on the other side by which to know when a packet should have come.
      prober = new Prober(lab, { settleMs: 200 });
    });
    afterAll(async () => {
      prober?.close();
      await lab?.destroy();
    });

    async function run(command: string, args: readonly string[], input = ''): Promise<string> {
      const { code, stdout, stderr } = await lab.exec(lab.hostNamespace('h1'), command, args, { input });
      if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
      return stdout;
    }

    async function fateOf(dstPort: number, src = '10.1.0.1', srcPort = 4000) {
      const packet = { family: 4, protocol: 'udp', srcPort, dstPort, src, dstMac: gateways.br0 } as const;
      return (await prober.probeOne({ from: 'sender', to: 'receiver', packet })).fate;
    }

    async function fateOfQuestion() {
      const packet = { family: 4, protocol: 'udp', srcPort: 5000, dstPort: 4000, dstMac: gateways.br1 } as const;
      return (await prober.probeOne({ from: 'receiver', to: 'sender', packet })).fate;
    }

    async function put(desired: HostState, revoked: RevokedFlows = []): Promise<void> {
      const plan = planChange(applied, new FirewallRenderer().render(desired, new Set(), revoked));
      applied = plan.applied;
      for (const step of plan.steps) {
        if (step.kind === 'sets') await run('ipset', ['restore'], `${step.lines.join('\n')}\n`);
        else if (step.kind === 'frames') await run('ebtables-nft-restore', ['--noflush'], step.text);
        else await run(`${step.family === 4 ? 'iptables' : 'ip6tables'}-${backend}-restore`, ['--noflush'], step.text);
      }
      if (revoked.length === 0) await run('conntrack', ['-F']);
    }

    it('arrives where there are no rules', async () => {
      expect([await fateOf(53), await fateOf(54), await fateOf(53, '10.1.0.77')]).toEqual(Array(3).fill('delivered'));
    });

    it('is judged where the VM sends it', async () => {
      await put(state);
      expect(await fateOf(53)).toBe('delivered');
      expect(await fateOf(54)).toBe('dropped');
      expect(await fateOf(53, '10.1.0.77')).toBe('dropped');
    });

    it.each([
      ['default', 'delivered'],
      ['projects/p/networks/vpc', 'dropped'],
    ])(
      'is an answer to what the host has routed to the VM in the routing domain %s: %s',
      async (routingDomain, fate) => {
        await put({ ...state, nics: new Map([[sender.id, { ...sender, routingDomain }]]) });
        expect(await fateOfQuestion()).toBe('delivered');
        expect(await fateOf(5000)).toBe(fate);
        expect(await fateOf(5001)).toBe('dropped');
      },
    );

    it('is stopped where the VM sends it when the connection is not allowed any more', async () => {
      await put(state);
      expect([await fateOfQuestion(), await fateOf(5000), await fateOf(53)]).toEqual(Array(3).fill('delivered'));
      const flow = { source: '10.2.0.1', destination: '10.1.0.1', protocol: 17, port: 4000 };
      const flows = new Map([[flowElements(flow)[0] ?? '', flow]]);
      await put(state, [{ nic: sender.id, direction: 'ingress', flows }]);
      expect([await fateOfQuestion(), await fateOf(5000), await fateOf(53)]).toEqual([
        'delivered',
        'dropped',
        'delivered',
      ]);
    });
  },
);
