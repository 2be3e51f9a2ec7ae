/**
 * The one file that runs programs. Nothing passes through a shell: arguments are fixed words of this service, and what
 * comes from outside reaches a program through its standard input only, after it has been parsed (S2).
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** A program that runs. */
export type RunningTool = ChildProcessWithoutNullStreams;

export interface ToolResult {
  /** Exit status; undefined when the program could not be started or was ended by a signal. */
  readonly status: number | undefined;
  readonly stdout: string;
  /** What the program complained about, or why it did not run. */
  readonly stderr: string;
}

export interface Launcher {
  /** Runs a program to its end. A program that fails is an answer, not an exception. */
  run(argv: readonly string[], options?: LaunchOptions): Promise<ToolResult>;
  /** Starts a program that reads its standard input until it ends. */
  start(argv: readonly string[]): RunningTool;
  /** Whether a process is, or was until a few seconds ago, one that was started here. */
  isOwn(pid: number): boolean;
}

interface LaunchOptions {
  readonly input?: string;
  /** Takes the output line by line, instead of `stdout`: of what may be long nothing is kept. */
  readonly onLine?: (line: string) => void;
}

export interface LauncherOptions {
  /** Words before every command, for example `ip netns exec h1`. Default: none. */
  readonly prefix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A program that takes longer is ended with SIGKILL. Default: 60 000 ms. */
  readonly timeoutMs?: number;
}

/** What a process has done may be heard of a little after its end; a process id comes again much later. */
const rememberedMs = 5000;

export function createLauncher({ prefix = [], env = {}, timeoutMs = 60_000 }: LauncherOptions = {}): Launcher {
  const own = new Set<number>();
  const start = (argv: readonly string[]): RunningTool => {
    const [command = '', ...args] = [...prefix, ...argv];
    // Messages are read: they must not be translated. Services are often started without /usr/sbin.
    const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`;
    const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...env, LC_ALL: 'C', PATH: path } });
    // A program that ends early tells why with its status; a broken pipe adds nothing.
    child.stdin.on('error', () => undefined);
    const { pid } = child;
    if (pid !== undefined) {
      own.add(pid);
      child.once('close', () => setTimeout(() => own.delete(pid), rememberedMs).unref());
    }
    return child;
  };
  const run: Launcher['run'] = (argv, { input = '', onLine } = {}) =>
    new Promise((resolve) => {
      const child = start(argv);
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      if (onLine === undefined) child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      else splitLines(child, onLine);
      child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      const end = (status: number | undefined, why: string) => {
        clearTimeout(timer);
        const complaint = [Buffer.concat(stderr).toString().trim(), why].filter((text) => text !== '').join('; ');
        resolve({ status, stdout: Buffer.concat(stdout).toString(), stderr: complaint });
      };
      child.once('error', (error) => end(undefined, `${argv[0]}: ${error.message}`));
      child.once('close', (status, signal) => end(status ?? undefined, signal === null ? '' : `ended by ${signal}`));
      child.stdin.end(input);
    });
  return { run, start, isOwn: (pid) => own.has(pid) };
}

/** What follows the last line break is not a line. */
function splitLines({ stdout }: RunningTool, onLine: (line: string) => void): void {
  let rest = '';
  stdout.setEncoding('utf8');
  stdout.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
