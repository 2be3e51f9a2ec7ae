import {
  clientOptions,
  openClientSecurity,
  openServerSecurity,
  openTransport,
  serverOptions,
  startServer,
} from '@portcullis/rpc';
import { runMain } from '@portcullis/runtime';
import { databaseUrlIn, defaultDataFolder, openStore } from '@portcullis/store';
import { z } from 'zod';
import { openPolicy } from './index.js';
import { quotaOptions } from './quota/quota-options.js';

await runMain({
  name: 'portcullis-policy',
  description:
    'Knows security groups, their rules, and the networks and NICs they apply to. Keeps them in SQLite, or in PostgreSQL, which several replicas may share. Asks inventory what exists.',
  options: {
    listen: {
      flag: '--listen <address>',
      environment: 'PORTCULLIS_LISTEN',
      description: 'where the service is served: host:port or unix:/path/of.sock',
      schema: z.string().default('127.0.0.1:7701'),
    },
    inventory: {
      flag: '--inventory <target>',
      environment: 'PORTCULLIS_INVENTORY',
      description: 'the inventory service: http://host:port or unix:/path/of.sock',
      schema: z
        .string()
        .regex(/^(https?:\/\/|unix:\/)/, 'must be http://host:port or unix:/path/of.sock')
        .default('http://127.0.0.1:7702'),
    },
    databaseUrl: {
      flag: '--database-url <url>',
      environment: 'DATABASE_URL',
      description:
        'where everything is kept: postgres://user:password@host/database (tables in the schema portcullis_policy) or sqlite:/path/file.db; without it, policy.db in the data folder. Other users of the machine see flags: give passwords in the variable',
      schema: z
        .string()
        .regex(/^(postgres(ql)?:\/\/|sqlite:)/, 'must begin with postgres:// or sqlite:')
        .optional(),
    },
    dataDir: {
      flag: '--data-dir <folder>',
      environment: 'PORTCULLIS_DATA_DIR',
      description: 'the folder of the database, where no URL is given; made when it does not exist',
      schema: z.string().default(defaultDataFolder()),
    },
    ...quotaOptions,
    ...serverOptions,
    ...clientOptions,
  },
  start: async ({ listen, inventory: target, databaseUrl, dataDir, ...config }, { log }) => {
    const owner = 'policy';
    const security = await openServerSecurity(config, log);
    const credentials = await openClientSecurity(config, log);
    const store = await openStore(databaseUrl ?? (await databaseUrlIn(dataDir, owner)), { log, owner });
    const inventory = openTransport(target, { log, ...credentials });
    const policy = await openPolicy({ store, inventory, log, limits: config });
    const server = await startServer({ listen, services: [policy], log, ...security });
    log.info({ address: server.address }, 'serving');
    return {
      close: async () => {
        await server.close();
        await policy.close();
        inventory.close();
        await store.close();
        await credentials.close();
        await security.close();
      },
    };
  },
});
