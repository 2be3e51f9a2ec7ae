import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Configuration, ConfigurationExit, type Options, readConfiguration } from './configuration.js';
import { createLogger, type Logger, logLevels } from './log.js';

/** What runs until it is closed. */
export interface Closable {
  close(): Promise<void>;
}

export interface Main<Declared extends Options> {
  readonly name: string;
  readonly description: string;
  readonly options: Declared;
  /** How long it may take to close; 10 s unless given. */
  readonly closeTimeoutMs?: number;
  /**
   * `signal` aborts when the program is told to end, also while it still starts. Undefined: everything is done, and the
   * program ends.
   */
  start(
    config: Configuration<Declared>,
    surroundings: { log: Logger; signal: AbortSignal },
  ): Promise<Closable | undefined>;
}

const logOptions = {
  logLevel: {
    flag: '--log-level <level>',
    environment: 'PORTCULLIS_LOG_LEVEL',
    description: `how much is logged, as JSON lines on standard error: ${logLevels.join(', ')}`,
    schema: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  },
} satisfies Options;

/**
 * The life of a program: reads its configuration, starts it, and closes it once on SIGTERM or SIGINT, in bounded time; a
 * second signal ends it at once. Exit status: 0 closed, 1 failed, 2 wrong configuration.
 */
export async function runMain<Declared extends Options>(main: Main<Declared>): Promise<void> {
  const { closeTimeoutMs = 10_000 } = main;
  const config = configurationOf(main);
  const log = createLogger(main.name, { level: config.logLevel });
  const fail = (message: string) => (error: unknown) => {
    log.fatal({ err: error }, message);
    process.exit(1);
  };
  process.on('unhandledRejection', fail('a promise was rejected and nobody looked'));
  process.on('uncaughtException', fail('an exception was not caught'));

  // Runs until it is told to end, also when nothing it has started keeps the process alive.
  setInterval(() => undefined, 2 ** 31 - 1);
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // Whatever is started may listen.
  const stopped = new Promise<void>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      if (stopping.signal.aborted) process.exit(1);
      log.info({ signal }, 'closing');
      stopping.abort();
      setTimeout(() => {
        log.error(`not closed within ${closeTimeoutMs} ms`);
        process.exit(0);
      }, closeTimeoutMs);
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });

  let running: Closable | undefined;
  try {
    running = await main.start(config, { log, signal: stopping.signal });
  } catch (error) {
    if (stopping.signal.aborted) process.exit(0);
    log.fatal({ err: error }, `could not start: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  if (running === undefined) process.exit(0);
  await stopped;
  await running.close().catch(fail('could not close'));
  log.info('closed');
  process.exit(0);
}

function configurationOf<Declared extends Options>(main: Main<Declared>) {
  const options = { ...main.options, ...logOptions };
  try {
    return readConfiguration({ ...main, version: version(), options }, process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationExit)) throw error;
    (error.status === 0 ? process.stdout : process.stderr).write(error.message);
    process.exit(error.status);
  }
}

/** All packages carry the version of the whole. */
function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
}
