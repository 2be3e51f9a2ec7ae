import type { Statement } from './packets.js';
import type { RowResult } from './walk.js';

/** Prints one line per row: does it hold, the promise, what was called, what was expected, what the packets did, how long. */

const widths = { promise: 78, called: 64, expected: 64 };

export function tableHead(): string {
  return line([' ', '  #', 'promise', 'called', 'expected', 'packets', 'call to kernel']);
}

export function tableLine(result: RowResult, number: number): string {
  const { row, calls, problems, packetCount, enforcedMs } = result;
  const wrongCount = problems.filter((problem) => problem.includes(', expected ')).length;
  return line([
    problems.length === 0 ? '✓' : '✗',
    String(number).padStart(3),
    row.promise,
    calls.length === 0 ? '–' : shorten(calls),
    row.refused === undefined ? expectation(row.packets) : `${row.refused}; ${expectation(row.packets)}`,
    `${packetCount - wrongCount}/${packetCount} as expected`,
    enforcedMs === undefined ? '–' : `${enforcedMs.toFixed(0)} ms`,
  ]);
}

/** A line for each thing that went otherwise than promised. */
export function problemLines({ problems }: RowResult): string[] {
  return problems.map((problem) => `        ${problem}`);
}

function line([mark = '', number = '', promise = '', called = '', expected = '', ...rest]: string[]): string {
  const columns = [promise.padEnd(widths.promise), cut(called, widths.called), cut(expected, widths.expected)];
  return [`${mark} ${number}`, ...columns, ...rest].join('  ');
}

/** The last call is the one that the row is about. */
function shorten(calls: readonly string[]): string {
  const last = calls.at(-1) ?? '';
  return calls.length === 1 ? last : `${last} (and ${calls.length - 1} before)`;
}

function expectation(statements: readonly Statement[]): string {
  const pairs = statements.map(({ from, to, kinds, fate }) => {
    return `${from}→${to} ${kinds.map(({ name }) => name).join()} ${fate === 'delivered' ? 'pass' : 'drop'}`;
  });
  return pairs.join('; ');
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}
