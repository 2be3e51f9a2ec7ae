import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { quotaOptions } from '@portcullis/policy';
import { openServerSecurity, serverOptions } from '@portcullis/rpc';
import { runMain } from '@portcullis/runtime';
import { z } from 'zod';
import { openSuite } from './suite.js';

const defaultDataDir =
  process.getuid?.() === 0 ? '/var/lib/portcullis' : path.join(homedir(), '.local/share/portcullis');

await runMain({
  name: 'portcullis-suite',
  description:
    'Policy, inventory and dispatcher in one process. By default it needs nothing but this machine: SQLite files, and a redis-server of its own.',
  options: {
    listen: {
      flag: '--listen <addresses>',
      environment: 'PORTCULLIS_LISTEN',
      description: 'where the services are served: host:port or unix:/path/of.sock, several separated by commas',
      schema: z
        .string()
        .default('127.0.0.1:7700')
        .transform((text) => text.split(',')),
    },
    databaseUrl: {
      flag: '--database-url <url>',
      environment: 'DATABASE_URL',
      description: 'postgres://user:password@host/database; without it SQLite files in the data folder',
      schema: z
        .string()
        .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
        .optional(),
    },
    dataDir: {
      flag: '--data-dir <folder>',
      environment: 'PORTCULLIS_DATA_DIR',
      description: 'folder of the SQLite files, made when missing',
      schema: z.string().default(defaultDataDir),
    },
    redisUrl: {
      flag: '--redis <url>',
      environment: 'REDIS_URL',
      description: 'redis://, rediss:// or the path of a Unix socket; without it a private redis-server',
      schema: z.string().optional(),
    },
    ...quotaOptions,
    ...serverOptions,
  },
  start: async ({ listen, databaseUrl, dataDir, redisUrl, ...config }, { log }) => {
    const security = await openServerSecurity(config, log);
    if (databaseUrl === undefined) await mkdir(dataDir, { recursive: true });
    const storeOf = (service: string) => databaseUrl ?? `sqlite:${path.join(dataDir, `${service}.db`)}`;
    const suite = await openSuite({
      listen,
      policyStore: storeOf('policy'),
      inventoryStore: storeOf('inventory'),
      ...(redisUrl === undefined ? {} : { redisUrl }),
      limits: config,
      security,
      log,
    });
    log.info({ addresses: suite.addresses, redis: suite.redisUrl }, 'serving');
    return suite;
  },
});
