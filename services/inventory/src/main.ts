import { openServerSecurity, serverOptions, startServer } from '@portcullis/rpc';
import { runMain } from '@portcullis/runtime';
import { databaseUrlIn, defaultDataFolder, openStore } from '@portcullis/store';
import { z } from 'zod';
import { openInventory } from './index.js';

await runMain({
  name: 'portcullis-inventory',
  description:
    'Knows what exists and where: networks, hosts, VM instances, NICs and their bindings. Keeps it in SQLite, or in PostgreSQL, which several replicas may share.',
  options: {
    listen: {
      flag: '--listen <address>',
      environment: 'PORTCULLIS_LISTEN',
      description: 'where the service is served: host:port or unix:/path/of.sock',
      schema: z.string().default('127.0.0.1:7702'),
    },
    databaseUrl: {
      flag: '--database-url <url>',
      environment: 'DATABASE_URL',
      description:
        'where everything is kept: postgres://user:password@host/database (tables in the schema portcullis_inventory) or sqlite:/path/file.db; without it, inventory.db in the data folder. Other users of the machine see flags: give passwords in the variable',
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
    ...serverOptions,
  },
  start: async ({ listen, databaseUrl, dataDir, ...config }, { log }) => {
    const security = await openServerSecurity(config, log);
    const owner = 'inventory';
    const store = await openStore(databaseUrl ?? (await databaseUrlIn(dataDir, owner)), { log, owner });
    const inventory = await openInventory({ store, log });
    const server = await startServer({ listen, services: [inventory], log, ...security });
    log.info({ address: server.address }, 'serving');
    return {
      close: async () => {
        await server.close();
        await inventory.close();
        await store.close();
        await security.close();
      },
    };
  },
});
