import { type ChildProcess, execFile, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';

/** What a command that has ended said. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const prefix = 'pclab-';
const netnsFolder = '/run/netns';

/** Every namespace of a lab is named for the process that owns it, so that any later run can tell the dead ones. */
export function namespaceName(labNumber: number, id: string): string {
  return `${prefix}${process.pid}-${labNumber}-${id}`;
}

/** Ends what runs in, and removes, every lab namespace whose process is gone. Those of living processes stay. */
export function removeLeftovers(): void {
  const names = existsSync(netnsFolder) ? readdirSync(netnsFolder) : [];
  removeNamespaces(names.filter((name) => name.startsWith(prefix) && !isAlive(Number(name.split('-')[1]))));
}

/** Synchronous, because it must also work while the process exits. */
export function removeNamespaces(names: readonly string[]): void {
  for (const name of names) {
    if (!name.startsWith(prefix)) throw new Error(`${name} is not a namespace of a lab`);
    if (!existsSync(`${netnsFolder}/${name}`)) continue;
    try {
      for (const pid of execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).split('\n')) {
        if (/^\d+$/.test(pid)) killQuietly(Number(pid));
      }
    } catch {
      // Another process has removed it meanwhile.
    }
  }
  const input = names.map((name) => `netns del ${name}\n`).join('');
  if (input !== '') {
    try {
      execFileSync('ip', ['-force', '-batch', '-'], { input, stdio: ['pipe', 'ignore', 'ignore'] });
    } catch {
      // -force reports, at the end, that a name was already gone.
    }
  }
  for (const name of names) rmSync(lockFile(name), { force: true });
}

export function createNamespaces(names: readonly string[]): Promise<void> {
  return runBatch(
    [],
    names.map((name) => `netns add ${name}`),
  );
}

/** Runs `ip` once for many lines, inside the namespace when one is named; throws with the line that failed. */
export async function runBatch(where: readonly string[], lines: readonly string[]): Promise<void> {
  const input = `${lines.join('\n')}\n`;
  const { code, stderr } = await run('ip', [...where, '-batch', '-'], { input });
  const line = Number(/-:(\d+)/.exec(stderr)?.[1] ?? 0);
  if (code !== 0) throw new Error(`ip ${where.join(' ')}: ${lines[line - 1] ?? ''}: ${stderr}`);
}

export function runIn(namespace: string, command: string, args: readonly string[] = [], options: RunOptions = {}) {
  const env = { ...process.env, ...lockEnvironment(namespace), ...options.env };
  return run('ip', ['netns', 'exec', namespace, command, ...args], { ...options, env });
}

/** `ip netns exec` becomes the command, so the child's pid is the command's own. It leads its own process group. */
export function startIn(namespace: string, command: string, args: readonly string[], options: SpawnOptions = {}) {
  const env = { ...process.env, ...lockEnvironment(namespace), ...options.env };
  return spawn('ip', ['netns', 'exec', namespace, command, ...args], { ...options, env, detached: true });
}

/** Ends a child that `startIn` started, and its descendants. */
export function endChild(child: ChildProcess): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killQuietly(-child.pid);
}

function run(command: string, args: readonly string[], { input, env }: RunOptions): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { maxBuffer: 2 ** 28, ...(env && { env }) }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(error);
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}

/** Hosts of one lab must not wait for each other's, or the machine's own, /run/xtables.lock. */
function lockEnvironment(namespace: string): NodeJS.ProcessEnv {
  return { XTABLES_LOCKFILE: lockFile(namespace) };
}

function lockFile(namespace: string): string {
  return `/run/${namespace}.lock`;
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
