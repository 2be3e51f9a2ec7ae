import {
  clientOptions,
  openClientSecurity,
  openServerSecurity,
  openTransport,
  serverOptions,
  startServer,
} from '@portcullis/rpc';
import { runMain } from '@portcullis/runtime';
import { z } from 'zod';
import { openDispatcher } from './index.js';

const target = z.string().regex(/^(https?:\/\/|unix:\/)/, 'must be http://host:port or unix:/path/of.sock');

await runMain({
  name: 'portcullis-dispatcher',
  description:
    'Watches policy and inventory, keeps the desired state of every host, rings doorbells on Redis, and knows which host enforces what. Keeps nothing on disk.',
  options: {
    listen: {
      flag: '--listen <address>',
      environment: 'PORTCULLIS_LISTEN',
      description: 'where the service is served: host:port or unix:/path/of.sock',
      schema: z.string().default('127.0.0.1:7703'),
    },
    policy: {
      flag: '--policy <target>',
      environment: 'PORTCULLIS_POLICY',
      description: 'the policy service: http://host:port or unix:/path/of.sock',
      schema: target.default('http://127.0.0.1:7701'),
    },
    inventory: {
      flag: '--inventory <target>',
      environment: 'PORTCULLIS_INVENTORY',
      description: 'the inventory service: http://host:port or unix:/path/of.sock',
      schema: target.default('http://127.0.0.1:7702'),
    },
    redisUrl: {
      flag: '--redis <url>',
      environment: 'REDIS_URL',
      description: 'Redis that carries the doorbells: redis://, rediss:// or the path of a Unix socket',
      schema: z.string().default('redis://127.0.0.1:6379'),
    },
    ...serverOptions,
    ...clientOptions,
  },
  start: async (config, { log }) => {
    const security = await openServerSecurity(config, log);
    const credentials = await openClientSecurity(config, log);
    const policy = openTransport(config.policy, { log, ...credentials });
    const inventory = openTransport(config.inventory, { log, ...credentials });
    const dispatcher = openDispatcher({ policy, inventory, redisUrl: config.redisUrl, log });
    const server = await startServer({ listen: config.listen, services: [dispatcher], log, ...security });
    log.info({ address: server.address }, 'serving');
    return {
      close: async () => {
        await server.close();
        await dispatcher.close();
        policy.close();
        inventory.close();
        await credentials.close();
        await security.close();
      },
    };
  },
});
