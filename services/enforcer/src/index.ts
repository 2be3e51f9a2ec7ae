import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { createClient, type Transport } from '@connectrpc/connect';
import { enforceV1 } from '@portcullis/api';
import type { DropLog } from '@portcullis/ruleset';
import type { Closable, Logger } from '@portcullis/runtime';
import { listenForDoorbells } from '@portcullis/stream';
import { bridgeNetfilterProblem } from './conditions/bridge-netfilter.js';
import { Conditions } from './conditions/conditions.js';
import { Enforcer, type EnforcerStatus } from './enforcer.js';
import { RuleHits } from './hits/rule-hits.js';
import type { Backend, KernelTools } from './kernel/kernel-tools.js';
import { openTools } from './kernel/open-tools.js';
import { Reporter } from './report/reporter.js';
import { StateFile } from './state-file/state-file.js';
import { enforcerVersion } from './version.js';

export type { EnforcerStatus } from './enforcer.js';
export type { Backend, KernelTools } from './kernel/kernel-tools.js';

export interface EnforcerOptions {
  /** hosts/{host} */
  readonly host: string;
  readonly dispatcher: Transport;
  /** `redis://…`, `rediss://…` or the path of a Unix socket. */
  readonly redisUrl: string;
  /** Folder of the last known state; made if it is missing. */
  readonly stateDir: string;
  readonly log: Logger;
  /** Default: `auto`. */
  readonly backend?: Backend | 'auto';
  /** The longest that a lost doorbell can delay a change, and how often the host says that it is alive. Default: 5 000 ms. */
  readonly heartbeatMs?: number;
  /** How often the kernel is read and compared, also when nothing is heard of a change. Default: 10 000 ms. */
  readonly driftIntervalMs?: number;
  /** How often the counters of rules are read; 0: never. Default: 30 000 ms. */
  readonly hitsIntervalMs?: number;
  /** How packets that NICs with `log_drops` lose are logged. Default: `defaultDropLog`. */
  readonly dropLog?: DropLog;
  /** How long the dispatcher is waited for at the start, before the last known state is enforced. Default: 2 000 ms. */
  readonly startPatienceMs?: number;
  /** How often it is looked whether anybody still tracks the flows that are stopped. Default: 30 000 ms. */
  readonly reviewIntervalMs?: number;
  /** Most flows that are stopped at once. Default: 65 536. */
  readonly maxRevoked?: number;
  /** Instead of this host's tools, for tests. */
  readonly tools?: KernelTools;
}

export interface RunningEnforcer extends Closable {
  readonly backend: Backend;
  status(): EnforcerStatus;
}

/**
 * Enforces one host's state in the network namespace of this process, until it is closed. The rules stay in the kernel then.
 * Throws when the tools cannot be used, or the folder of the state cannot.
 */
export async function openEnforcer(options: EnforcerOptions): Promise<RunningEnforcer> {
  const { host, dispatcher, redisUrl, stateDir, log, heartbeatMs = 5000, driftIntervalMs = 10_000 } = options;
  const conditions = new Conditions((reason, message) => {
    if (message === undefined) log.info({ reason }, 'condition is over');
    else log[reason === 'DRIFT_REPEATED' ? 'error' : 'warn']({ reason }, message);
  });
  let isStateFileWhole = false;
  const stateFile = new StateFile({
    folder: stateDir,
    host,
    onWriteError: (error) => {
      conditions.set('STATE_FILE_NOT_WRITTEN', error && `the last known state cannot be kept: ${error.message}`);
      isStateFileWhole = error === undefined;
    },
  });
  const { kept, problems } = await stateFile.load();
  if (problems.length > 0) conditions.set('STATE_FILE_CORRUPT', problems.join('; '));
  const { tools, clearOtherBackend } = options.tools
    ? { tools: options.tools, clearOtherBackend: undefined }
    : await openTools(options.backend ?? 'auto', log);

  const client = createClient(enforceV1.EnforceService, dispatcher);
  const hits = new RuleHits();
  const reporter = new Reporter({
    client,
    host,
    heartbeatMs,
    describe: () => {
      conditions.set('BRIDGE_NETFILTER_OFF', bridgeNetfilterProblem());
      return {
        conditions: conditions.encode(),
        backend: tools.backend,
        version: enforcerVersion(),
        ruleHits: hits.next(),
        ...(hits.countedSince && { hitsCountedSince: timestampFromDate(hits.countedSince) }),
      };
    },
    onTaken: () => {
      hits.taken();
      // Somebody has to hear of it, even if it is over.
      if (isStateFileWhole) conditions.set('STATE_FILE_CORRUPT', undefined);
    },
    onError: atMostEvery(10_000, (error) => log.warn({ err: error }, 'the dispatcher does not take reports')),
  });
  const enforcer = new Enforcer({
    host,
    client,
    tools,
    stateFile,
    kept,
    reporter,
    conditions,
    clearOtherBackend,
    heartbeatMs,
    driftIntervalMs,
    hits,
    dropLog: options.dropLog,
    hitsIntervalMs: options.hitsIntervalMs ?? 30_000,
    startPatienceMs: options.startPatienceMs ?? 2000,
    reviewIntervalMs: options.reviewIntervalMs ?? 30_000,
    maxRevoked: options.maxRevoked ?? 65_536,
    log,
  });

  const enforcing = new AbortController();
  const reporting = new AbortController();
  const listening = listenForDoorbells({
    url: redisUrl,
    host,
    signal: enforcing.signal,
    onRing: () => enforcer.ring(),
    onError: atMostEvery(10_000, (error) => log.warn({ err: error }, 'doorbells cannot be heard')),
  });
  const running = enforcer.run(enforcing.signal);
  const sending = reporter.run(reporting.signal);
  return {
    backend: tools.backend,
    status: () => enforcer.status,
    async close() {
      enforcing.abort();
      await Promise.all([running, listening]);
      reporting.abort();
      await Promise.all([sending, stateFile.close(), tools.close()]);
    },
  };
}

/** What fails, fails often: one line tells it. What is over within the first second is not worth one. */
function atMostEvery(intervalMs: number, call: (error: unknown) => void): (error: unknown) => void {
  let last = performance.now() + 1000 - intervalMs;
  return (error) => {
    if (performance.now() - last < intervalMs) return;
    last = performance.now();
    call(error);
  };
}
