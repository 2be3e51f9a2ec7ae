import { createLab, type LabVm } from '@portcullis/testing';
import { Traffic } from '../packets/traffic.js';
import { compareRounds, type Result } from '../result.js';

export interface CidrsOptions {
  readonly backends: readonly ('nft' | 'legacy')[];
  /** Rounds of each measurement. */
  readonly repeat: number;
  readonly onProgress: (message: string) => void;
}

const counts = [8, 16, 32, 64, 128] as const;
/** Packets in a round. */
const packetCount = 300;
const port = 4711;
const vm = (n: number): LabVm => ({
  id: `vm${n}`,
  host: 'h1',
  network: 'flat',
  interfaceName: `vnic${n}.0`,
  mac: `02:00:00:00:00:0${n}`,
  addresses: [`198.18.0.${n}/15`],
});
const [sender, receiver] = [vm(1), vm(2)];

/** How one chain may allow one port to many CIDRs, of which none is that of the packet. */
const ways = {
  /** A rule for each. */
  list: (cidrs: readonly string[]) => ({
    set: '',
    rules: cidrs.map((cidr) => `-A FORWARD -s ${cidr} -p udp -m udp --dport ${port} -j RETURN`),
  }),
  /** All in a set that one rule names, which counts each by itself. */
  set: (cidrs: readonly string[]) => ({
    set: ['create cidrs hash:net counters', ...cidrs.map((cidr) => `add cidrs ${cidr}`), ''].join('\n'),
    rules: [`-A FORWARD -p udp -m udp --dport ${port} -m set --match-set cidrs src -j RETURN`],
  }),
} as const;

/**
 * From how many CIDRs of one port on a set would be cheaper to a packet than a rule for each: nanoseconds of its whole way from
 * one VM to another, with the set beside the list. Below 1 the set pays.
 */
export async function benchCidrs({ backends, repeat, onProgress }: CidrsOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const backend of backends) {
    for (const count of counts) {
      onProgress(`${backend}: ${count} CIDRs, ${repeat} rounds`);
      // Two lengths of prefix: a set looks for each.
      const cidrs = Array.from({ length: count }, (_, i) => `10.${i}.0.0/${16 + 8 * (i % 2)}`);
      const hosts: Host[] = [];
      try {
        for (const way of [ways.set, ways.list]) hosts.push(await openHost(backend, way(cidrs)));
        const [ours, bare] = [[], []] as [number[], number[]];
        for (let round = -1; round < repeat; round += 1) {
          const turns = hosts.map((host, i) => ({ host, costs: i === 0 ? ours : bare }));
          for (const { host, costs } of round % 2 === 0 ? turns : turns.toReversed()) {
            const cost = await host.packetCost();
            // The first round warms up.
            if (round >= 0) costs.push(cost);
          }
        }
        results.push(compareRounds(`set-of-${count}-cidrs-${backend}`, 'ns', { ours, bare }));
      } finally {
        for (const host of hosts) await host.close();
      }
    }
  }
  return results;
}

interface Host {
  /** Nanoseconds. */
  packetCost(): Promise<number>;
  close(): Promise<void>;
}

async function openHost(backend: string, { set, rules }: { set: string; rules: readonly string[] }): Promise<Host> {
  const networks = [{ id: 'flat', cidrs: ['198.18.0.0/15'] }];
  const lab = await createLab({ hosts: ['h1'], networks, vms: [sender, receiver] });
  const run = async (command: string, args: readonly string[], input = '') => {
    const { code, stderr } = await lab.exec(lab.hostNamespace('h1'), command, args, { input });
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  };
  try {
    if (set !== '') await run('ipset', ['restore'], set);
    await run(`iptables-${backend}-restore`, ['--noflush'], ['*filter', ...rules, 'COMMIT', ''].join('\n'));
    for (const { mac, interfaceName } of [sender, receiver]) {
      await run('bridge', ['fdb', 'replace', mac, 'dev', interfaceName, 'master', 'static']);
    }
    const traffic = new Traffic(lab, sender.id);
    const arrivals = new Traffic(lab, receiver.id);
    await traffic.tell(`frames ${sender.mac} ${receiver.mac} 198.18.0.1 198.18.0.2 ${port}`);
    return {
      packetCost: async () => {
        const before = Number(await arrivals.tell('received'));
        const seconds = await traffic.time(`flow ${packetCount}`);
        const arrived = Number(await arrivals.tell('received')) - before;
        if (arrived < packetCount) throw new Error(`of ${packetCount} packets ${arrived} arrived`);
        return (seconds / packetCount) * 1e9;
      },
      close: async () => {
        traffic.close();
        arrivals.close();
        await lab.destroy();
      },
    };
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}
