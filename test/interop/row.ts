/** One step of one client. */
export interface Row {
  readonly client: string;
  readonly step: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly tookMs: number;
  readonly note: string;
}

export function formatRow({ client, step, result, tookMs, note }: Row): string {
  const took = `${tookMs.toFixed(0)} ms`;
  return [client.padEnd(12), step.padEnd(9), result.padEnd(7), took.padStart(9), ` ${note}`].join(' ').trimEnd();
}

/** The line that ends a run. */
export function countLine(rows: readonly Row[]): string {
  const count = (result: Row['result']) => rows.filter((row) => row.result === result).length;
  return `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
}
