import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type Transport } from '@connectrpc/connect';
import { inventoryV1, parseRevisionToken, policyV1 } from '@portcullis/api';
import type { CloudChange } from '@portcullis/compile';
import type { Logger } from '@portcullis/runtime';
import type { CloudFeed } from './cloud-feed.js';
import type { DispatchState } from './dispatch-state.js';

export interface WatchOptions {
  readonly feed: CloudFeed;
  readonly state: DispatchState;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Longest pause between two attempts to watch, in milliseconds. */
const maxPauseMs = 1000;

export function watchPolicy(transport: Transport, options: WatchOptions): Promise<void> {
  const client = createClient(policyV1.PolicyService, transport);
  return watch<policyV1.Resource, policyV1.Change>('policy', options, {
    open: (resumeToken, signal) => client.watch({ resumeToken }, { signal }),
    snapshot: (resources) => options.feed.applyPolicySnapshot(resources),
    commit: (changes) => options.feed.applyPolicy(changes),
  });
}

export function watchInventory(transport: Transport, options: WatchOptions): Promise<void> {
  const client = createClient(inventoryV1.InventoryService, transport);
  return watch<inventoryV1.Resource, inventoryV1.Change>('inventory', options, {
    open: (resumeToken, signal) => client.watch({ resumeToken }, { signal }),
    snapshot: (resources) => options.feed.applyInventorySnapshot(resources),
    commit: (changes) => options.feed.applyInventory(changes),
  });
}

interface WatchEvent<Resource, Change> {
  readonly event:
    | { case: 'snapshotStarted' }
    | { case: 'put'; value: Resource }
    | { case: 'snapshotCompleted'; value: { revisionToken: string } }
    | { case: 'commit'; value: { revisionToken: string; changes: Change[] } }
    | { case: undefined };
}

interface Source<Resource, Change> {
  open(resumeToken: string, signal: AbortSignal): AsyncIterable<WatchEvent<Resource, Change>>;
  snapshot(resources: readonly Resource[]): CloudChange[];
  commit(changes: readonly Change[]): CloudChange[];
}

/** Watches one service until the signal aborts, through any number of connections. A snapshot counts once it is complete. */
async function watch<Resource, Change>(
  name: 'policy' | 'inventory',
  { feed, state, log, signal }: WatchOptions,
  source: Source<Resource, Change>,
): Promise<void> {
  let resumeToken = '';
  let pauseMs = 50;
  const apply = (token: string, changes: readonly CloudChange[]) => {
    const parsed = parseRevisionToken(token);
    if (parsed === undefined) throw new Error(`${name} sent a revision token that cannot be read`);
    const { epoch, revision } = parsed;
    state.apply({ source: name, epoch, revision, changes, hosts: new Set(feed.hosts) });
    resumeToken = token;
    pauseMs = 50;
  };
  while (!signal.aborted) {
    try {
      let snapshot: Resource[] | undefined;
      for await (const { event } of source.open(resumeToken, signal)) {
        switch (event.case) {
          case 'snapshotStarted':
            snapshot = [];
            break;
          case 'put':
            snapshot?.push(event.value);
            break;
          case 'snapshotCompleted':
            apply(event.value.revisionToken, source.snapshot(snapshot ?? []));
            log.info({ service: name, resources: snapshot?.length ?? 0 }, 'snapshot complete');
            snapshot = undefined;
            break;
          case 'commit':
            apply(event.value.revisionToken, source.commit(event.value.changes));
            break;
          case undefined:
            break;
        }
      }
      log.warn({ service: name }, 'the watch ended');
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ service: name, err: error }, 'the watch broke off');
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(2 * pauseMs, maxPauseMs);
  }
}
