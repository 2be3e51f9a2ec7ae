import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A redis-server of our own on a Unix socket: no port, no file but the socket, gone with `stop`. */
export interface PrivateRedis {
  /** Path of the socket; good as `RedisOptions.url`. */
  readonly socketPath: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts again on the same socket, empty, after `stop`. */
  start(): Promise<void>;
  /** Stops and removes the folder. */
  remove(): Promise<void>;
}

/** Starts a redis-server. Throws when the program is missing or does not answer within five seconds. */
export async function startPrivateRedis(): Promise<PrivateRedis> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-redis-'));
  const socketPath = path.join(folder, 'redis.sock');
  let server: ChildProcess | undefined;
  // A run that is cut off calls no `remove`.
  const removeAtExit = () => {
    server?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', removeAtExit);

  async function start(): Promise<void> {
    const args = [
      '--port',
      '0',
      '--unixsocket',
      socketPath,
      '--unixsocketperm',
      '700',
      '--save',
      '',
      '--appendonly',
      'no',
    ];
    const child = spawn('redis-server', [...args, '--dir', folder, '--daemonize', 'no'], { stdio: 'ignore' });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (error) => reject(new Error(`redis-server does not start: ${error.message}`)));
      child.once('exit', (code) => reject(new Error(`redis-server ended with status ${code}`)));
    });
    failed.catch(() => undefined);
    server = child;
    await Promise.race([failed, answers(socketPath)]);
  }

  async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
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
    await start();
  } catch (error) {
    await remove();
    throw error;
  }
  return { socketPath, start, stop, remove };
}

async function answers(socketPath: string): Promise<void> {
  const deadline = Date.now() + 5000;
  while (Date.now() < deadline) {
    const socket = connect(socketPath);
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return;
    await sleep(10);
  }
  throw new Error('redis-server does not answer within 5 s');
}
