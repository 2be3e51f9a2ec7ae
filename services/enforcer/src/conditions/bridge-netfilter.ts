import { readFileSync } from 'node:fs';
import path from 'node:path';

const switches = ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables'] as const;

/**
 * What is wrong with br_netfilter in this network namespace; undefined where both families of bridged packets are shown to
 * iptables. Without it, rules for the ports of a bridge are passed over silently. Asked before each report, which does not
 * wait its turn for that: these files are not on a disk.
 */
export function bridgeNetfilterProblem(folder = '/proc/sys/net/bridge'): string | undefined {
  const off: string[] = [];
  for (const name of switches) {
    const value = textOf(path.join(folder, name));
    if (value === undefined)
      return `${folder}/${name} is missing: load the module br_netfilter, no bridged packet is filtered`;
    if (value.trim() === '0') off.push(name);
  }
  if (off.length === 0) return undefined;
  return `${off.join(' and ')} ${off.length === 1 ? 'is' : 'are'} 0: set to 1, bridged packets pass unfiltered`;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
