import type { Environment } from './environment.js';

/** One figure. `bare` is the bare cost of the same work in the same run; `ratio` is ours / bare. */
export interface Result {
  /** Kebab-case and stable. */
  readonly name: string;
  readonly unit: string;
  readonly value?: number;
  readonly p50?: number;
  readonly p99?: number;
  readonly bare?: number;
  readonly ratio?: number;
  /** Number of measurements. */
  readonly n: number;
}

/** Percentiles of what was measured, beside the median of the bare cost. */
export function summarize(name: string, { ours, bare }: { ours: readonly number[]; bare: readonly number[] }): Result {
  const p50 = percentile(ours, 50);
  const bareMedian = percentile(bare, 50);
  return {
    name,
    unit: 'ms',
    p50: rounded(p50),
    p99: rounded(percentile(ours, 99)),
    bare: rounded(bareMedian),
    ratio: rounded(p50 / bareMedian),
    n: ours.length,
  };
}

/** Calls per second and, as a result of its own, how long they took; beside those of the bare cost. */
export function rateOf(
  name: string,
  ours: { callsPerSecond: number; latencies: readonly number[] },
  bare: { callsPerSecond: number; latencies: readonly number[] },
): Result[] {
  const rate = {
    name,
    unit: 'calls/s',
    value: rounded(ours.callsPerSecond),
    bare: rounded(bare.callsPerSecond),
    ratio: rounded(ours.callsPerSecond / bare.callsPerSecond),
    n: ours.latencies.length,
  };
  return [rate, summarize(`${name}-latency`, { ours: ours.latencies, bare: bare.latencies })];
}

/** Medians of rounds in which each side had its turn; the ratio is that of one round, the median of them. */
export function compareRounds(
  name: string,
  unit: string,
  { ours, bare }: { ours: readonly number[]; bare: readonly number[] },
): Result {
  const ratios = ours.map((figure, round) => figure / (bare[round] ?? Number.NaN));
  const middle = (figures: readonly number[]) => rounded(percentile(figures, 50));
  return { name, unit, value: middle(ours), bare: middle(bare), ratio: middle(ratios), n: ours.length };
}

/** Nearest rank. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export function formatTable(bench: string, environment: Environment, results: readonly Result[]): string {
  const { cpus, kernel, node, backend, load } = environment;
  const head = ['', 'p50', 'p99', 'bare', 'ratio', 'n'];
  const rows = results.map(({ name, unit, value, p50, p99, bare, ratio, n }) => {
    const cell = (figure: number | undefined) => (figure === undefined ? '' : String(figure));
    return [`${name} (${unit})`, cell(value ?? p50), cell(p99), cell(bare), cell(ratio), cell(n)];
  });
  const lines = [head, ...rows].map(
    ([name = '', ...cells]) => `${name.padEnd(44)}${cells.map((each) => each.padStart(10)).join('')}`,
  );
  const about = `${cpus} cpus, kernel ${kernel}, node ${node}, iptables-${backend}, load ${load.toFixed(2)}`;
  return [`${bench}: ${about}`, ...lines, ''].join('\n');
}
