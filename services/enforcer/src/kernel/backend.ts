import { type Applied, planRemoval, readApplied } from '@portcullis/plan';
import { isOwnChain, parseSavedTables } from '@portcullis/ruleset';
import type { Launcher } from './exec.js';
import { type Backend, backends } from './kernel-tools.js';
import { ProcessTools, programOf } from './process-tools.js';
import { complaintOf } from './tool-error.js';

export interface DetectedBackend {
  readonly backend: Backend;
  /** Why, for the log. */
  readonly reason: string;
  /** The other back end, where it holds rules of ours: packets would have to pass both. */
  readonly leftIn: Backend | undefined;
}

/**
 * Chooses the back end. `auto` is nft, unless the host's legacy tables hold rules of others: then people and programs of
 * this host look there. A back end that is wanted and not installed is an error.
 */
export async function detectBackend(wanted: Backend | 'auto', launcher: Launcher): Promise<DetectedBackend> {
  const saved = { nft: await save('nft', launcher), legacy: await save('legacy', launcher) };
  const backend = wanted === 'auto' ? (hasForeignRules(saved.legacy.texts) ? 'legacy' : 'nft') : wanted;
  const { problem } = saved[backend];
  if (problem !== undefined) throw new Error(`the back end ${backend} cannot be used: ${problem}`);
  const other = backends.find((each) => each !== backend) ?? 'nft';
  const [ipv4 = '', ipv6 = ''] = saved[other].texts;
  const isLeft = !isEmpty(readApplied({ ipv4, ipv6, sets: '' }));
  return { backend, reason: reasonOf(wanted, backend), leftIn: isLeft ? other : undefined };
}

/** Takes our rules out of the back end that is not in use; to be called once the other one enforces everything. */
export async function clearBackend(backend: Backend, launcher: Launcher): Promise<void> {
  const tools = new ProcessTools(backend, launcher);
  const { steps } = planRemoval(readApplied({ ...(await tools.read()), sets: '' }));
  for (const step of steps) await tools.run(step);
}

interface SavedBackend {
  /** What IPv4 and IPv6 hold; empty where the tool is missing or fails. */
  readonly texts: readonly string[];
  readonly problem: string | undefined;
}

async function save(backend: Backend, launcher: Launcher): Promise<SavedBackend> {
  const programs = ([4, 6] as const).map((family) => `${programOf(backend, family)}-save`);
  const results = await Promise.all(programs.map((program) => launcher.run([program])));
  const failed = results.findIndex(({ status }) => status !== 0);
  if (failed < 0) return { texts: results.map(({ stdout }) => stdout), problem: undefined };
  return { texts: [], problem: `${programs[failed]}: ${complaintOf(results[failed]?.stderr ?? '')}` };
}

function reasonOf(wanted: Backend | 'auto', backend: Backend): string {
  if (wanted !== 'auto') return 'as configured';
  return backend === 'nft'
    ? 'the legacy tables hold no rules of others'
    : 'the legacy tables of this host hold rules of others';
}

function hasForeignRules(texts: readonly string[]): boolean {
  return texts.some((text) =>
    [...parseSavedTables(text).values()].some((table) =>
      [...table].some(([chain, rules]) => !isOwnChain(chain) && rules.some((rule) => !/-[jg] PC-/.test(rule))),
    ),
  );
}

function isEmpty(applied: Applied): boolean {
  return ([4, 6] as const).every(
    (family) => applied[family].chains.size + applied[family].hooked.length + applied[family].misplaced.length === 0,
  );
}
