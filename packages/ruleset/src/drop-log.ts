/** How packets that are dropped are logged, where a NIC asks for it. */
export interface DropLog {
  /** The nfnetlink_log group, 1-65535. */
  readonly group: number;
  /** Packets a second, 1-10 000, of each chain that drops. */
  readonly perSecond: number;
  /** Packets at once, 1-10 000, after a while without. */
  readonly burst: number;
}

export const defaultDropLog: DropLog = { group: 4711, perSecond: 10, burst: 20 };

/** The prefix is the name of a chain: nothing from outside is in it, and the comment of the chain tells the NIC. */
export function logRule(prefix: string, { group, perSecond, burst }: DropLog): string {
  return `-m limit --limit ${keptRate(perSecond)}/sec${burstOption(burst)} -j NFLOG --nflog-prefix ${prefix} --nflog-group ${group}`;
}

/** xt_limit keeps the pause between two packets in ten-thousandths of a second, and prints what follows from that. */
function keptRate(perSecond: number): number {
  return Math.floor(10_000 / Math.floor(10_000 / perSecond));
}

/** iptables-save leaves its default out. */
function burstOption(burst: number): string {
  return burst === 5 ? '' : ` --limit-burst ${burst}`;
}
