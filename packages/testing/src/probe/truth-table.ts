import type { Lab } from '../lab/lab.js';
import type { Fate, Probe, ProbePacket, ProbeResult, Prober } from './prober.js';

/** Every question a test asks: each packet, from each VM to each other, with its answer stated beforehand. */
export interface TruthTable {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** By name, as the report prints them: `tcp/80 IPv6`. */
  readonly packets: Readonly<Record<string, ProbePacket>>;
  readonly expected: (cell: { from: string; to: string; packet: string }) => Fate;
}

export interface TruthTableResult {
  readonly cellCount: number;
  readonly wrong: readonly ProbeResult[];
  /** Empty when every cell is right; else the wrong cells and the state of the kernel of every host. */
  readonly report: string;
}

/** States all cells, probes all cells. A VM is not asked about itself, nor about VMs of other networks. */
export async function probeTruthTable(lab: Lab, prober: Prober, table: TruthTable): Promise<TruthTableResult> {
  const named = new Map<Probe, string>();
  for (const from of table.from) {
    for (const to of table.to) {
      if (from === to || lab.vm(from).network !== lab.vm(to).network) continue;
      for (const [name, packet] of Object.entries(table.packets)) {
        named.set({ from, to, packet, expected: table.expected({ from, to, packet: name }) }, name);
      }
    }
  }
  const results = await prober.probe([...named.keys()]);
  const wrong = results.filter(({ probe, fate }) => fate !== probe.expected);
  if (wrong.length === 0) return { cellCount: results.length, wrong, report: '' };
  const lines = wrong.map(({ probe, fate }) => {
    return `${probe.from} → ${probe.to} ${named.get(probe) ?? ''}: ${fate}, expected ${probe.expected ?? ''}`;
  });
  const head = `${wrong.length} of ${results.length} cells are wrong`;
  return { cellCount: results.length, wrong, report: [head, ...lines, await kernelState(lab)].join('\n') };
}

/** What the kernel holds on every host: both back ends, both families, all sets. */
export async function kernelState(lab: Lab): Promise<string> {
  const commands = ['iptables-nft-save', 'ip6tables-nft-save', 'iptables-legacy-save', 'ip6tables-legacy-save'];
  const parts: string[] = [];
  for (const host of lab.options.hosts) {
    for (const command of [...commands, 'ipset save', 'ebtables-nft-save']) {
      const [name = '', ...args] = command.split(' ');
      const { stdout } = await lab.exec(lab.hostNamespace(host), name, args);
      if (stdout.trim() !== '') parts.push(`== ${host}: ${command}`, stdout.trimEnd());
    }
  }
  return parts.join('\n');
}
