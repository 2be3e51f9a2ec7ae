import { cpus, loadavg, release } from 'node:os';

/** What a figure depends on. */
export interface Environment {
  readonly cpus: number;
  readonly kernel: string;
  readonly node: string;
  /** Of iptables: `nft`, `legacy` or `nft+legacy`. */
  readonly backend: string;
  /** Load average of the last minute, at the start. */
  readonly load: number;
}

export function environmentOf(backend: string): Environment {
  return { cpus: cpus().length, kernel: release(), node: process.version, backend, load: loadavg()[0] ?? 0 };
}
