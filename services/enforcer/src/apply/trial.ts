import type { Family } from '@portcullis/model';
import type { KernelTools } from '../kernel/kernel-tools.js';
import { ToolError } from '../kernel/tool-error.js';

/** A rule that the kernel refuses, and what it says about it. */
export interface RefusedRule {
  readonly chain: string;
  /** As it follows `-A CHAIN `. */
  readonly rule: string;
  readonly message: string;
}

interface TrialRule {
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
}

/** More attempts than this are not made; what is then still suspected counts as refused. */
const maxTrials = 200;

/**
 * Finds the rules of a refused text that the kernel does not take, by bisection. The rules are tried in chains of other
 * names, to which nothing leads: no packet sees them. Of a text whose rules are all taken, one by one, nothing is found.
 */
export async function findRefusedRules(
  tools: KernelTools,
  { family, text }: { family: Family; text: string },
): Promise<RefusedRule[]> {
  const { tables, rules } = readRestoreText(text);
  const trialNames = new Map([...tables.keys()].map((chain, i) => [chain, `PC-T-${i}`]));
  const run = async (lines: ReadonlyMap<string, readonly string[]>): Promise<ToolError | undefined> => {
    const parts = [...lines].map(([table, own]) => `*${table}\n${own.map((line) => `${line}\n`).join('')}COMMIT\n`);
    try {
      await tools.run({ kind: 'rules', family, text: parts.join('') }, { exact: true });
      return undefined;
    } catch (error) {
      if (error instanceof ToolError && error.failure === 'refused') return error;
      throw error;
    }
  };
  let trialCount = 0;
  const attempt = (tried: readonly TrialRule[]) => {
    trialCount += 1;
    const lines = declarations(tables, trialNames);
    for (const { table, chain, rule } of tried) {
      lines.get(table)?.push(`-A ${trialNames.get(chain)} ${renamed(rule, trialNames)}`);
    }
    return run(lines);
  };
  const search = async (suspects: readonly TrialRule[]): Promise<RefusedRule[]> => {
    if (suspects.length === 0) return [];
    const error = await attempt(suspects);
    if (error === undefined) return [];
    if (suspects.length === 1 || trialCount >= maxTrials) {
      return suspects.map(({ chain, rule }) => ({ chain, rule, message: error.message }));
    }
    const middle = suspects.length >> 1;
    return [...(await search(suspects.slice(0, middle))), ...(await search(suspects.slice(middle)))];
  };
  try {
    // Where not even empty chains can be made, no rule is to blame.
    return (await attempt([])) === undefined ? await search(rules) : [];
  } finally {
    const lines = declarations(tables, trialNames);
    for (const [chain, table] of tables) lines.get(table)?.push(`-X ${trialNames.get(chain)}`);
    await run(lines);
  }
}

/** The chains a text writes, with their tables, and the rules it appends to them. */
function readRestoreText(text: string): { tables: Map<string, string>; rules: TrialRule[] } {
  const tables = new Map<string, string>();
  const rules: TrialRule[] = [];
  let table = '';
  for (const line of text.split('\n')) {
    const [verb = '', chain = ''] = line.split(' ');
    if (verb.startsWith('*')) table = verb.slice(1);
    else if (verb.startsWith(':')) tables.set(verb.slice(1), table);
    else if (verb === '-A') rules.push({ table, chain, rule: line.slice(`-A ${chain} `.length) });
  }
  return { tables, rules };
}

function declarations(
  tables: ReadonlyMap<string, string>,
  trialNames: ReadonlyMap<string, string>,
): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const [chain, table] of tables) {
    lines.set(table, [...(lines.get(table) ?? []), `:${trialNames.get(chain)} - [0:0]`]);
  }
  return lines;
}

/** Jumps among the chains of the text stay among their trial chains. */
function renamed(rule: string, trialNames: ReadonlyMap<string, string>): string {
  return rule.replace(/(?<= |^)(-[jg]) (PC-\S+)$/, (_, option: string, chain: string) => {
    return `${option} ${trialNames.get(chain) ?? chain}`;
  });
}
