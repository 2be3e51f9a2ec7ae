import { clientOptions, openClientSecurity, openTransport } from '@portcullis/rpc';
import { defaultDropLog } from '@portcullis/ruleset';
import { runMain, wholeNumber } from '@portcullis/runtime';
import { z } from 'zod';
import { boot } from './boot.js';
import { openEnforcer } from './index.js';

const target = z.string().regex(/^(https?:\/\/|unix:\/)/, 'must be http://host:port or unix:/path/of.sock');

await runMain({
  name: 'portcullis-enforcer',
  description:
    'Keeps the iptables and ipset of this host as the dispatcher wants them, in the network namespace it runs in. Needs root. Rules stay in the kernel when it ends.',
  options: {
    host: {
      flag: '--host <name>',
      environment: 'PORTCULLIS_HOST',
      description: 'the host that is enforced, as it is registered with inventory: hosts/h1',
      schema: z.string().regex(/^hosts\/[a-z][a-z0-9-]{0,62}$/, 'must be hosts/ and a name of a-z, 0-9 and -'),
    },
    dispatcher: {
      flag: '--dispatcher <target>',
      environment: 'PORTCULLIS_DISPATCHER',
      description: 'the dispatcher: http://host:port or unix:/path/of.sock',
      schema: target.default('http://127.0.0.1:7703'),
    },
    redisUrl: {
      flag: '--redis <url>',
      environment: 'REDIS_URL',
      description: 'Redis that carries the doorbells: redis://, rediss:// or the path of a Unix socket',
      schema: z.string().default('redis://127.0.0.1:6379'),
    },
    backend: {
      flag: '--backend <name>',
      environment: 'PORTCULLIS_BACKEND',
      description:
        'which iptables: nft, legacy, or auto, which is nft unless the legacy tables of the host hold rules of others',
      schema: z.enum(['auto', 'nft', 'legacy'], 'must be auto, nft or legacy').default('auto'),
    },
    stateDir: {
      flag: '--state-dir <folder>',
      environment: 'PORTCULLIS_STATE_DIR',
      description: 'where the last known state is kept, for a start while the dispatcher is away',
      schema: z.string().default('/var/lib/portcullis/enforcer'),
    },
    boot: {
      flag: '--boot',
      environment: 'PORTCULLIS_BOOT',
      description:
        'puts the last known state in force and ends, without dispatcher and Redis: for the time before the network is up',
      schema: z
        .enum(['true', 'false'], 'must be true or false')
        .default('false')
        .transform((text) => text === 'true'),
    },
    heartbeatMs: {
      flag: '--heartbeat-ms <ms>',
      environment: 'PORTCULLIS_HEARTBEAT_MS',
      description:
        'milliseconds between two heartbeats: the longest that a lost doorbell delays a change; the dispatcher calls a host unknown after 15 s of silence',
      schema: wholeNumber({ min: 100, max: 10_000 }).default(5000),
    },
    driftIntervalMs: {
      flag: '--drift-interval-ms <ms>',
      environment: 'PORTCULLIS_DRIFT_INTERVAL_MS',
      description:
        'milliseconds between two looks whether the kernel still holds what was applied; members of sets are counted ten times as often',
      schema: wholeNumber({ min: 100, max: 3_600_000 }).default(10_000),
    },
    hitsIntervalMs: {
      flag: '--hits-interval-ms <ms>',
      environment: 'PORTCULLIS_HITS_INTERVAL_MS',
      description:
        'milliseconds between two readings of how often rules let connections begin; 0: they are not counted',
      schema: wholeNumber({ min: 0, max: 3_600_000 }).default(30_000),
    },
    dropLogGroup: {
      flag: '--drop-log-group <number>',
      environment: 'PORTCULLIS_DROP_LOG_GROUP',
      description: 'the NFLOG group of packets that NICs with log_drops lose',
      schema: wholeNumber({ min: 1, max: 65_535 }).default(defaultDropLog.group),
    },
    dropLogRate: {
      flag: '--drop-log-rate <number>',
      environment: 'PORTCULLIS_DROP_LOG_RATE',
      description: 'packets a second that are logged, of each NIC, family and kind of drop',
      schema: wholeNumber({ min: 1, max: 10_000 }).default(defaultDropLog.perSecond),
    },
    dropLogBurst: {
      flag: '--drop-log-burst <number>',
      environment: 'PORTCULLIS_DROP_LOG_BURST',
      description: 'packets that are logged at once after a while without',
      schema: wholeNumber({ min: 1, max: 10_000 }).default(defaultDropLog.burst),
    },
    ...clientOptions,
  },
  start: async ({ dispatcher: address, boot: isBoot, dropLogGroup, dropLogRate, dropLogBurst, ...config }, { log }) => {
    const dropLog = { group: dropLogGroup, perSecond: dropLogRate, burst: dropLogBurst };
    if (isBoot) {
      await boot({ ...config, dropLog, log });
      return undefined;
    }
    const credentials = await openClientSecurity(config, log);
    const dispatcher = openTransport(address, { log, ...credentials });
    const enforcer = await openEnforcer({ ...config, dropLog, dispatcher, log });
    log.info({ host: config.host, backend: enforcer.backend }, 'enforcing');
    return {
      close: async () => {
        await enforcer.close();
        dispatcher.close();
        await credentials.close();
      },
    };
  },
});
