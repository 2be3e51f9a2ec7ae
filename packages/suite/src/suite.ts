import { createRouterTransport, type Transport } from '@connectrpc/connect';
import { openDispatcher } from '@portcullis/dispatcher';
import { openInventory } from '@portcullis/inventory';
import { type Limits, openPolicy } from '@portcullis/policy';
import { type OpenService, type RunningServer, type ServerSecurity, startServer } from '@portcullis/rpc';
import type { Closable, Logger } from '@portcullis/runtime';
import { openStore } from '@portcullis/store';
import { startPrivateRedis } from '@portcullis/stream';
import { Registry } from 'prom-client';

export interface SuiteOptions {
  /** Where every service is served: `host:port` or `unix:/path/of.sock`, at least one. */
  readonly listen: readonly string[];
  /** Stores of policy and of inventory: `sqlite:/path/of.db`, a file for each, or `postgres://…`, the same for both. */
  readonly policyStore: string;
  readonly inventoryStore: string;
  /** `redis://…`, `rediss://…` or the path of a Unix socket. Absent: a redis-server of its own, ended with the suite. */
  readonly redisUrl?: string;
  /** Of projects whose quota says nothing else. */
  readonly limits?: Partial<Limits>;
  /** Certificate and known callers, on all addresses; closed with the suite. Without it everybody may do everything. */
  readonly security?: ServerSecurity;
  readonly log: Logger;
}

export interface Suite extends Closable {
  /** What clients dial, in the order of `listen`. */
  readonly addresses: readonly string[];
  /** What enforcers listen to for doorbells. */
  readonly redisUrl: string;
}

/** Policy, inventory and dispatcher in one process. Whatever was started is ended when a later part fails to start. */
export async function openSuite(options: SuiteOptions): Promise<Suite> {
  const { log } = options;
  const started: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  const own = <Part extends Closable>(part: Part): Part => {
    started.push(() => part.close());
    return part;
  };
  if (options.security) own(options.security);
  try {
    const redisUrl = options.redisUrl ?? (await privateRedis(started));
    const inventoryStore = own(await openStore(options.inventoryStore, { log, owner: 'inventory' }));
    const inventory = own(await openInventory({ store: inventoryStore, log: log.child({ service: 'inventory' }) }));
    const policyStore = own(await openStore(options.policyStore, { log, owner: 'policy' }));
    const policyLog = log.child({ service: 'policy' });
    const { limits = {} } = options;
    const policy = own(await openPolicy({ store: policyStore, inventory: within(inventory), log: policyLog, limits }));
    const dispatcherLog = log.child({ service: 'dispatcher' });
    const transports = { policy: within(policy), inventory: within(inventory) };
    const dispatcher = own(openDispatcher({ ...transports, redisUrl, log: dispatcherLog }));
    const services = [policy, inventory, dispatcher];
    const metrics = new Registry();
    const addresses: string[] = [];
    for (const listen of options.listen) {
      const server: RunningServer = own(await startServer({ listen, services, log, metrics, ...options.security }));
      addresses.push(server.address);
    }
    return { addresses, redisUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function privateRedis(started: (() => Promise<void>)[]): Promise<string> {
  const redis = await startPrivateRedis();
  started.push(() => redis.remove());
  return redis.socketPath;
}

/** Calls a service of this process. */
function within({ registrations }: OpenService): Transport {
  return createRouterTransport((router) => {
    for (const { service, handlers } of registrations) router.service(service, handlers);
  });
}
