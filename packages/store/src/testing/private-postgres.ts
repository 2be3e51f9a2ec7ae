import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

/** A PostgreSQL server of our own on a Unix socket: no port, gone with `remove`, or with the process that started it. */
export interface PrivatePostgres {
  /** `postgres://…`, good for `openStore`. */
  readonly url: string;
  /** SIGTERM waits for connections to end, SIGINT cuts them, SIGQUIT is a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts again on the same data and socket, after `stop`. */
  start(): Promise<void>;
  /** Stops and removes the folder. */
  remove(): Promise<void>;
}

export interface PrivatePostgresOptions {
  /** Whether commits wait for the disk. Default: false, which is faster and loses nothing while the machine runs. */
  readonly fsync?: boolean;
}

/** The server refuses to run as root; Debian's packages make this user. */
const unprivilegedUser = 'postgres';

/** Starts a server on an empty database. Throws when PostgreSQL is not installed or does not answer within 20 seconds. */
export async function startPrivatePostgres({ fsync = false }: PrivatePostgresOptions = {}): Promise<PrivatePostgres> {
  const bin = findBinaries();
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-pg-'));
  const data = path.join(folder, 'data');
  const url = `postgres://portcullis@/postgres?host=${encodeURIComponent(folder)}`;
  let server: ChildProcess | undefined;
  // A test run that is cut off calls no `remove`.
  const removeAtExit = () => {
    server?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', removeAtExit);

  async function start(): Promise<void> {
    const settings = [
      'listen_addresses=',
      `fsync=${fsync ? 'on' : 'off'}`,
      'max_connections=60',
      'shared_buffers=16MB',
    ];
    const args = ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])];
    const [command, prefix] = unprivileged(['--pdeathsig', 'QUIT']);
    const child = spawn(command, [...prefix, path.join(bin, 'postgres'), ...args], { cwd: folder, stdio: 'ignore' });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (error) => reject(new Error(`postgres does not start: ${error.message}`)));
      child.once('exit', (code) => reject(new Error(`postgres ended with status ${code}`)));
    });
    failed.catch(() => undefined);
    server = child;
    await Promise.race([failed, answers(url)]);
  }

  async function stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const child = server;
    server = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async function remove(): Promise<void> {
    process.removeListener('exit', removeAtExit);
    await stop();
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await chmod(folder, 0o777);
    const [command, prefix] = unprivileged([]);
    const options = ['-D', data, '-U', 'portcullis', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    await promisify(execFile)(command, [...prefix, path.join(bin, 'initdb'), ...options], { cwd: folder });
    await start();
  } catch (error) {
    await remove();
    throw error;
  }
  return { url, start, stop, remove };
}

/** Folder of the newest installed server. Debian keeps it off the path. */
function findBinaries(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => path.join(root, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  const found = folders.find((folder) => existsSync(path.join(folder, 'initdb')));
  if (found === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql');
  return found;
}

/** The command that runs the rest of its arguments as somebody who is not root. */
function unprivileged(options: readonly string[]): [string, string[]] {
  const user = [`--reuid=${unprivilegedUser}`, `--regid=${unprivilegedUser}`, '--clear-groups'];
  return ['setpriv', [...(process.getuid?.() === 0 ? user : []), ...options, '--']];
}

async function answers(url: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  let last: unknown;
  while (Date.now() < deadline) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (error) {
      last = error;
    } finally {
      await client.end().catch(() => undefined);
    }
    await sleep(20);
  }
  throw new Error('postgres does not answer within 20 s', { cause: last });
}
