import { cpus, loadavg, release } from 'node:os';

/** What a figure depends on. */
export interface Environment {
  readonly cpus: number;
  readonly kernel: string;
  readonly node: string;
  readonly backend: 'nft' | 'legacy';
  /** Load average of the last minute, at the start. */
  readonly load: number;
}

export function environmentOf(backend: Environment['backend']): Environment {
  return { cpus: cpus().length, kernel: release(), node: process.version, backend, load: loadavg()[0] ?? 0 };
}
