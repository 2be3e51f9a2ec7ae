export type TableName = 'raw' | 'filter';

/** One chain; each rule as iptables-save prints it after `-A NAME `. Sets are named without their slot. */
export interface Chain {
  readonly table: TableName;
  readonly name: string;
  readonly rules: readonly string[];
}

/** Where a built-in chain jumps to ours; always its first rule. */
export interface HookRule {
  readonly table: TableName;
  readonly chain: string;
  readonly rule: string;
}
