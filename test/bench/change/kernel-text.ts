import type { Lab } from '@portcullis/testing';

/** What the kernel of a host holds, as its own tools print it. */
export interface KernelText {
  readonly ipv4: string;
  readonly ipv6: string;
  readonly sets: string;
  /** Of ebtables. */
  readonly frames: string;
}

export async function readKernel(lab: Lab, host: string, backend: string): Promise<KernelText> {
  const run = async (command: string, args: readonly string[] = []) => {
    const { code, stdout, stderr } = await lab.exec(lab.hostNamespace(host), command, args);
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
    // Comments hold the time, chain lines hold counters.
    return stdout.replaceAll(/^#.*\n/gm, '').replaceAll(/\[\d+:\d+\]$/gm, '[0:0]');
  };
  return {
    ipv4: await run(`iptables-${backend}-save`),
    ipv6: await run(`ip6tables-${backend}-save`),
    sets: await run('ipset', ['save']),
    frames: await run('ebtables-nft-save'),
  };
}

/** Rules of both families. */
export function ruleCount({ ipv4, ipv6 }: KernelText): number {
  return lineCount(ipv4 + ipv6, '-A ');
}

/** Members of all sets. */
export function memberCount({ sets }: KernelText): number {
  return lineCount(sets, 'add ');
}

function lineCount(text: string, start: string): number {
  return text.split('\n').filter((line) => line.startsWith(start)).length;
}

/** Throws unless two hosts hold the same rules in every chain. */
export function refuseDifferent(ours: KernelText, theirs: KernelText): void {
  for (const family of ['ipv4', 'ipv6', 'frames'] as const) {
    if (byChain(ours[family]) !== byChain(theirs[family])) throw new Error(`the two hosts are not alike in ${family}`);
  }
}

/** The order of chains in a table means nothing, that of rules in a chain does. */
function byChain(saved: string): string {
  let table = '';
  const lines = saved.split('\n').filter((line) => line !== '');
  const keyed = lines.map((line) => {
    if (line.startsWith('*')) table = line;
    return { line, key: `${table} ${/^(?::|-A )(\S+)/.exec(line)?.[1] ?? ''}` };
  });
  const sorted = keyed.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  return sorted.map(({ line }) => line).join('\n');
}
