import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '@connectrpc/connect';
import { dispatchV1, inventoryV1, policyV1 } from '@portcullis/api';
import { type OpenTransport, openTransport } from '@portcullis/rpc';
import { type PrivateRedis, startPrivateRedis } from '@portcullis/stream';
import { createLab, type Lab } from '@portcullis/testing';

export const services = ['policy', 'inventory', 'dispatcher'] as const;
export type ServiceName = (typeof services)[number];
export const hosts = ['h1', 'h2'] as const;
export type HostName = (typeof hosts)[number];

export interface FleetOptions {
  readonly backend: 'nft' | 'legacy';
}

/**
 * The production shape on one machine: each service, each host's enforcer and Redis a process of its own.
 *
 * Owns: the processes, the lab, a temporary folder. Everything ends with `close`.
 */
export class Fleet {
  readonly lab: Lab;
  readonly redis: PrivateRedis;
  readonly policy: Client<typeof policyV1.PolicyService>;
  readonly inventory: Client<typeof inventoryV1.InventoryService>;
  readonly dispatch: Client<typeof dispatchV1.DispatchService>;
  readonly #folder: string;
  readonly #backend: string;
  readonly #children = new Map<string, ChildProcess>();
  readonly #transports: OpenTransport[];

  private constructor(lab: Lab, redis: PrivateRedis, folder: string, { backend }: FleetOptions) {
    this.lab = lab;
    this.redis = redis;
    this.#folder = folder;
    this.#backend = backend;
    const transports = services.map((name) => openTransport(this.#address(name)));
    this.#transports = transports;
    const [policy, inventory, dispatcher] = transports as [OpenTransport, OpenTransport, OpenTransport];
    this.policy = createClient(policyV1.PolicyService, policy);
    this.inventory = createClient(inventoryV1.InventoryService, inventory);
    this.dispatch = createClient(dispatchV1.DispatchService, dispatcher);
  }

  static async start(options: FleetOptions): Promise<Fleet> {
    const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-fleet-'));
    const redis = await startPrivateRedis();
    const lab = await createLab({ hosts, networks: [{ id: 'flat', cidrs: [] }], vms: [] });
    const fleet = new Fleet(lab, redis, folder, options);
    for (const name of services) fleet.startService(name);
    for (const host of hosts) fleet.startEnforcer(host);
    return fleet;
  }

  startService(name: ServiceName): void {
    const flags: Record<ServiceName, string[]> = {
      policy: ['--database-url', `sqlite:${this.#folder}/policy.db`, '--inventory', this.#address('inventory')],
      inventory: ['--database-url', `sqlite:${this.#folder}/inventory.db`],
      dispatcher: [
        ...['--policy', this.#address('policy'), '--inventory', this.#address('inventory')],
        ...['--redis', this.redis.socketPath],
      ],
    };
    const args = [programOf(name), '--listen', this.#address(name), '--log-level', 'info', ...flags[name]];
    const log = this.#logFile(name);
    this.#children.set(name, spawn(process.execPath, args, { stdio: ['ignore', log, log] }));
  }

  startEnforcer(host: HostName): void {
    const flags = ['--host', `hosts/${host}`, '--dispatcher', this.#address('dispatcher')];
    const more = [
      '--redis',
      this.redis.socketPath,
      '--backend',
      this.#backend,
      '--state-dir',
      `${this.#folder}/${host}`,
    ];
    const log = this.#logFile(host);
    const child = this.lab.spawnIn(host, process.execPath, [programOf('enforcer'), ...flags, ...more], {
      stdio: ['ignore', log, log],
    });
    this.#children.set(host, child);
  }

  /** Ends a process in the middle of whatever it does, and waits until it is gone. */
  async kill(name: ServiceName | HostName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#children.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  log(name: ServiceName | HostName): Promise<string> {
    return readFile(path.join(this.#folder, `${name}.log`), 'utf8');
  }

  async close(): Promise<void> {
    for (const transport of this.#transports) transport.close();
    await Promise.all([...services, ...hosts].map((name) => this.kill(name, 'SIGKILL')));
    await this.lab.destroy();
    await this.redis.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #address(name: ServiceName): string {
    return `unix:${this.#folder}/${name}.sock`;
  }

  #logFile(name: string): number {
    return openSync(path.join(this.#folder, `${name}.log`), 'a');
  }
}

function programOf(service: string): string {
  return fileURLToPath(new URL(`../../services/${service}/dist/main.js`, import.meta.url));
}
