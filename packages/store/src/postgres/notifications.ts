import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { connectionSettings } from './pool.js';

export interface ListenOptions {
  readonly url: string;
  readonly channel: string;
  readonly onRevision: (revision: number) => void;
}

/** Longest pause between two attempts to connect, in milliseconds. */
const maxPauseMs = 2000;

/**
 * Listens to what other processes announce, through any number of connections, until the returned function is called.
 * What is announced while there is no connection is not heard: the feed polls as well.
 */
export function listenForRevisions({ url, channel, onRevision }: ListenOptions): () => Promise<void> {
  const stop = new AbortController();
  const listening = (async () => {
    let pauseMs = 50;
    while (!stop.signal.aborted) {
      await listenOnce({ url, channel, onRevision }, stop.signal, () => {
        pauseMs = 50;
      }).catch(() => undefined);
      await sleep(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined);
      pauseMs = Math.min(2 * pauseMs, maxPauseMs);
    }
  })();
  return async () => {
    stop.abort();
    await listening;
  };
}

/** Resolves when the connection ends or the signal aborts. */
async function listenOnce(
  { url, channel, onRevision }: ListenOptions,
  signal: AbortSignal,
  onListening: () => void,
): Promise<void> {
  const client = new pg.Client(connectionSettings(url));
  const ended = new Promise<void>((resolve) => {
    client.once('end', resolve);
    client.once('error', () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  client.on('error', () => undefined);
  client.on('notification', ({ payload }) => {
    const revision = Number(payload);
    if (Number.isSafeInteger(revision)) onRevision(revision);
  });
  try {
    await client.connect();
    await client.query(`listen ${client.escapeIdentifier(channel)}`);
    onListening();
    await ended;
  } finally {
    await client.end().catch(() => undefined);
  }
}
