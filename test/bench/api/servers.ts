import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { toBinary } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { untilListening } from '../until-listening.js';

/** As docker-compose.yml starts services; bare servers alike. */
const nodeFlags = ['--max-semi-space-size=32'];

/** Processes of one benchmark and the folder they share. */
export class Servers {
  readonly folder: string;
  readonly #children: ChildProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    // A run that is cut off calls no `close`. Not SIGKILL: the suite has a Redis of its own to end.
    process.once('exit', () => {
      for (const child of this.#children) child.kill();
      rmSync(folder, { recursive: true, force: true });
    });
  }

  static async open(): Promise<Servers> {
    return new Servers(await mkdtemp(path.join(tmpdir(), 'portcullis-bench-')));
  }

  /** The suite as it runs in production, on SQLite unless a database is named; returns its address. */
  startSuite(name: string, databaseUrl?: string): Promise<string> {
    const program = fileURLToPath(new URL('../../../packages/suite/dist/main.js', import.meta.url));
    const socket = path.join(this.folder, `${name}.sock`);
    const database = databaseUrl === undefined ? [] : ['--database-url', databaseUrl];
    const dataDir = path.join(this.folder, name);
    return this.#start(socket, [
      program,
      '--listen',
      `unix:${socket}`,
      '--data-dir',
      dataDir,
      '--log-level',
      'warn',
      ...database,
    ]);
  }

  /** A bare grpc-js server that answers as the suite does, without doing anything for it. */
  startEcho(get: policyV1.GetSecurityGroupResponse, list: policyV1.ListSecurityGroupRulesResponse): Promise<string> {
    const program = fileURLToPath(new URL('echo-server.ts', import.meta.url));
    const socket = path.join(this.folder, 'echo.sock');
    const answers = [
      toBinary(policyV1.GetSecurityGroupResponseSchema, get),
      toBinary(policyV1.ListSecurityGroupRulesResponseSchema, list),
    ].map((bytes) => Buffer.from(bytes).toString('hex'));
    return this.#start(socket, ['--import', 'tsx', program, socket, ...answers]);
  }

  /** A bare grpc-js server that puts into a store what it is sent. */
  startStoreServer(name: string, url: string): Promise<string> {
    const program = fileURLToPath(new URL('store-server.ts', import.meta.url));
    const socket = path.join(this.folder, `store-${name}.sock`);
    return this.#start(socket, ['--import', 'tsx', program, socket, url]);
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      const exit = once(child, 'exit');
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGTERM')) await exit;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #start(socket: string, args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [...nodeFlags, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
    this.#children.push(child);
    await untilListening(socket);
    return `unix:${socket}`;
  }
}
