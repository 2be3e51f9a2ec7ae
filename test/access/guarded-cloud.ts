import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '@connectrpc/connect';
import { dispatchV1, enforceV1, inventoryV1, policyV1 } from '@portcullis/api';
import { type OpenTransport, openTransport } from '@portcullis/rpc';
import { type PrivateRedis, startPrivateRedis } from '@portcullis/stream';

const services = ['inventory', 'policy', 'dispatcher'] as const;
type ServiceName = (typeof services)[number];

/** What one caller can call. */
export interface Clients {
  readonly policy: Client<typeof policyV1.PolicyService>;
  readonly inventory: Client<typeof inventoryV1.InventoryService>;
  readonly dispatch: Client<typeof dispatchV1.DispatchService>;
  readonly enforce: Client<typeof enforceV1.EnforceService>;
}

/**
 * The services, each a process of its own that knows its callers. A caller's token is `token-of-` and its name.
 *
 * Owns: the processes, Redis, a temporary folder, the transports. Everything ends with `close`.
 */
export class GuardedCloud {
  readonly folder: string;
  readonly redis: PrivateRedis;
  readonly #children: ChildProcess[] = [];
  readonly #transports: OpenTransport[] = [];

  private constructor(folder: string, redis: PrivateRedis) {
    this.folder = folder;
    this.redis = redis;
  }

  static async start(callers: Readonly<Record<string, object>>): Promise<GuardedCloud> {
    const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-access-'));
    const cloud = new GuardedCloud(folder, await startPrivateRedis());
    await cloud.know(callers);
    for (const name of Object.keys(callers)) await writeFile(cloud.tokenFile(name), `${tokenOf(name)}\n`);
    const database = (name: string) => ['--database-url', `sqlite:${folder}/${name}.db`];
    const inventory = ['--inventory', cloud.address('inventory')];
    cloud.#serve('inventory', database('inventory'));
    cloud.#serve('policy', [...database('policy'), ...inventory, '--token-file', cloud.tokenFile('services')]);
    cloud.#serve('dispatcher', [
      ...['--policy', cloud.address('policy'), ...inventory, '--redis', cloud.redis.socketPath],
      ...['--token-file', cloud.tokenFile('services')],
    ]);
    return cloud;
  }

  /** Replaces the callers file. `tokens` of a caller, if given, stand for its own. */
  async know(callers: Readonly<Record<string, object>>): Promise<void> {
    const known = Object.entries(callers).map(([name, may]) => ({ name, tokens: [hashOf(tokenOf(name))], ...may }));
    const file = path.join(this.folder, 'callers.json');
    await writeFile(`${file}.new`, JSON.stringify({ callers: known }));
    await rename(`${file}.new`, file);
  }

  /** The clients of somebody with this token. */
  withToken(token: string): Clients {
    const to = (service: ServiceName) => {
      const transport = openTransport(this.address(service), { token: () => token });
      this.#transports.push(transport);
      return transport;
    };
    return {
      policy: createClient(policyV1.PolicyService, to('policy')),
      inventory: createClient(inventoryV1.InventoryService, to('inventory')),
      dispatch: createClient(dispatchV1.DispatchService, to('dispatcher')),
      enforce: createClient(enforceV1.EnforceService, to('dispatcher')),
    };
  }

  as(name: string): Clients {
    return this.withToken(tokenOf(name));
  }

  address(service: ServiceName): string {
    return `unix:${this.folder}/${service}.sock`;
  }

  tokenFile(name: string): string {
    return path.join(this.folder, `${name}.token`);
  }

  log(name: ServiceName): Promise<string> {
    return readFile(this.#logFile(name), 'utf8');
  }

  async close(): Promise<void> {
    for (const transport of this.#transports) transport.close();
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }),
    );
    await this.redis.remove();
    await rm(this.folder, { recursive: true, force: true });
  }

  #serve(name: ServiceName, flags: readonly string[]): void {
    const guard = ['--callers', path.join(this.folder, 'callers.json')];
    const args = [programOf(name), '--listen', this.address(name), '--log-level', 'debug', ...guard, ...flags];
    const log = openSync(this.#logFile(name), 'a');
    this.#children.push(spawn(process.execPath, args, { stdio: ['ignore', log, log] }));
  }

  #logFile(name: string): string {
    return path.join(this.folder, `${name}.log`);
  }
}

function tokenOf(name: string): string {
  return `token-of-${name}`;
}

export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

export function programOf(service: string): string {
  return fileURLToPath(new URL(`../../services/${service}/dist/main.js`, import.meta.url));
}
