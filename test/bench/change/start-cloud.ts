import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPrivateRedis } from '@portcullis/stream';
import { createLab, type Lab } from '@portcullis/testing';
import { untilListening } from '../until-listening.js';

const programOf = (part: string) => fileURLToPath(new URL(`../../../${part}/dist/main.js`, import.meta.url));

/** Services in one process, and hosts of a lab on which nothing runs yet. */
export interface BenchCloud {
  readonly address: string;
  readonly lab: Lab;
  /** Starts the enforcer of `hosts/h1` in a process on a host of the lab, where it keeps its state. */
  startEnforcer(labHost: string): RunningEnforcer;
  close(): Promise<void>;
}

export interface RunningEnforcer {
  stop(): Promise<void>;
}

export async function startCloud(backend: string, hosts: readonly string[]): Promise<BenchCloud> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-bench-'));
  const ends: (() => Promise<unknown> | unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const socket = path.join(folder, 'suite.sock');
    const log = openSync(path.join(folder, 'log'), 'a');
    const address = `unix:${socket}`;
    const redis = await startPrivateRedis();
    ends.push(() => redis.remove());
    const suite = spawn(
      process.execPath,
      [
        programOf('packages/suite'),
        '--listen',
        address,
        '--data-dir',
        folder,
        '--redis',
        redis.socketPath,
        '--log-level',
        'warn',
      ],
      { stdio: ['ignore', log, log] },
    );
    ends.push(() => ended(suite));
    await untilListening(socket);
    const lab = await createLab({ hosts, networks: [{ id: 'flat', cidrs: [] }], vms: [] });
    ends.push(() => lab.destroy());
    const startEnforcer = (labHost: string) => {
      const stateDir = path.join(folder, labHost);
      mkdirSync(stateDir, { recursive: true });
      const enforcer = lab.spawnIn(
        labHost,
        process.execPath,
        [
          programOf('services/enforcer'),
          ...['--host', 'hosts/h1', '--dispatcher', address, '--redis', redis.socketPath],
          ...['--backend', backend, '--state-dir', stateDir, '--log-level', 'warn'],
        ],
        { stdio: ['ignore', log, log] },
      );
      return { stop: () => ended(enforcer) };
    };
    return { address, lab, startEnforcer, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
