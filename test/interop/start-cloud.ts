import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPrivateRedis } from '@portcullis/stream';
import { createLab } from '@portcullis/testing';
import { root } from './folders.js';

const programOf = (part: string) => path.join(root, part, 'dist/main.js');

/** A suite in a process of its own, and a host `h1` with an enforcer. */
export interface Cloud {
  /** `host:port`, as clients of gRPC dial it. */
  readonly address: string;
  /** Ends the suite as an operator does, and says how it ended: the exit status, or the signal that was needed. */
  endSuite(): Promise<number | NodeJS.Signals | null>;
  /** Starts it again, at the same address with what it knew. */
  startSuite(): Promise<void>;
  logTail(): string;
  close(): Promise<void>;
}

export async function startCloud(): Promise<Cloud> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-interop-'));
  const ends: (() => Promise<unknown> | unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const logFile = path.join(folder, 'log');
    const log = openSync(logFile, 'a');
    const redis = await startPrivateRedis();
    ends.push(() => redis.remove());
    const address = `127.0.0.1:${await freePort()}`;
    const socket = `unix:${path.join(folder, 'suite.sock')}`;
    const flags = ['--listen', `${address},${socket}`, '--data-dir', folder, '--redis', redis.socketPath];
    let suite: ChildProcess | undefined;
    const endSuite = async () => (suite === undefined ? null : await ended(suite));
    const startSuite = async () => {
      suite = spawn(process.execPath, [programOf('packages/suite'), ...flags, '--log-level', 'warn'], {
        stdio: ['ignore', log, log],
      });
      await untilHealthy(`http://${address}/healthz`, suite);
    };
    ends.push(endSuite);
    await startSuite();
    const lab = await createLab({ hosts: ['h1'], networks: [{ id: 'blue', cidrs: [] }], vms: [] });
    ends.push(() => lab.destroy());
    const host = ['--host', 'hosts/h1', '--dispatcher', socket, '--redis', redis.socketPath, '--state-dir', folder];
    lab.spawnIn('h1', process.execPath, [programOf('services/enforcer'), ...host, '--log-level', 'warn'], {
      stdio: ['ignore', log, log],
    });
    const logTail = () => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
    return { address, endSuite, startSuite, logTail, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Asks the kernel for a port and gives it back: the suite says in its log, not on a pipe, which one it took itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilHealthy(url: string, suite: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (suite.exitCode !== null) throw new Error(`the suite ended with ${suite.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await sleep(100);
  }
  throw new Error('the suite is not healthy after 20 s');
}

async function ended(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await exit;
    clearTimeout(timer);
  }
  return child.exitCode ?? child.signalCode;
}
