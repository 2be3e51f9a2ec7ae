import type { Transport } from '@connectrpc/connect';
import { dispatchV1, enforceV1 } from '@portcullis/api';
import { type OpenService, serviceOf } from '@portcullis/rpc';
import type { Logger } from '@portcullis/runtime';
import { DoorbellPublisher } from '@portcullis/stream';
import { CloudFeed } from './cloud-feed.js';
import { dispatchService } from './dispatch-service.js';
import { DispatchState } from './dispatch-state.js';
import { enforceService } from './enforce-service.js';
import { formatGeneration } from './generation.js';
import type { HostRecord } from './host-record.js';
import { RuleHitCounts } from './rule-hits.js';
import { conditionOf } from './status.js';
import { StatusFeed } from './status-feed.js';
import { watchInventory, watchPolicy } from './watch-loop.js';

/** How often hosts that are silent or behind are looked for, in milliseconds. */
const patrolIntervalMs = 1000;

export interface DispatcherOptions {
  readonly policy: Transport;
  readonly inventory: Transport;
  /** `redis://…`, `rediss://…` or the path of a Unix socket. */
  readonly redisUrl: string;
  readonly log: Logger;
  readonly now?: () => Date;
}

/** Starts to watch policy and inventory; the services answer once both have been heard completely. */
export function openDispatcher({
  policy,
  inventory,
  redisUrl,
  log,
  now = () => new Date(),
}: DispatcherOptions): OpenService {
  const stop = new AbortController();
  const complain = atMostEvery(10_000, (error: Error) => log.warn({ err: error }, 'doorbells cannot be rung'));
  const publisher = new DoorbellPublisher({ url: redisUrl, onError: complain });
  const ring = (host: HostRecord) => publisher.ring(host.name, { generation: formatGeneration(host.desired) });
  const state = new DispatchState(ring);
  const feed = new CloudFeed();
  const watching = [watchPolicy, watchInventory].map((watch, i) =>
    watch(i === 0 ? policy : inventory, { feed, state, log, signal: stop.signal }),
  );
  const statusFeed = new StatusFeed(state, now);
  const patrol = setInterval(() => {
    statusFeed.publishConditions();
    // A doorbell may have been lost with the Redis that held it.
    for (const record of state.records()) {
      if (conditionOf(record, now()) === dispatchV1.HostCondition.PENDING) ring(record);
    }
  }, patrolIntervalMs);
  patrol.unref();
  const dispatch = { state, feed: statusFeed, hits: new RuleHitCounts(), startedAt: now(), now };
  return {
    registrations: [
      serviceOf(dispatchV1.DispatchService, dispatchService(dispatch)),
      serviceOf(enforceV1.EnforceService, enforceService(dispatch)),
    ],
    ready: () => state.ready,
    close: async () => {
      clearInterval(patrol);
      stop.abort();
      await Promise.all(watching);
      publisher.close();
    },
  };
}

function atMostEvery<Argument>(intervalMs: number, call: (argument: Argument) => void): (argument: Argument) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (argument) => {
    if (performance.now() - last < intervalMs) return;
    last = performance.now();
    call(argument);
  };
}
