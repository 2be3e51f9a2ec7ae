import type { Client } from '@connectrpc/connect';
import type { enforceV1 } from '@portcullis/api';
import { digestHostState } from '@portcullis/compile';
import { type Desired, emptyState } from './desired.js';
import { decodeGeneration } from './generation.js';
import { StateDraft } from './state-draft.js';

export interface SyncClientOptions {
  readonly client: Client<typeof enforceV1.EnforceService>;
  /** hosts/{host} */
  readonly host: string;
  /** Longest wait for a complete answer. Default: 30 000 ms. */
  readonly timeoutMs?: number;
}

export interface Synced {
  readonly desired: Desired;
  /** The dispatcher sent everything: it may be one that has never heard of this host. */
  readonly isSnapshot: boolean;
}

/** The state that came in is not the one that was meant, also after a snapshot. */
export class DigestMismatch extends Error {
  override readonly name = 'DigestMismatch';
}

/**
 * Asks the dispatcher what this host has to enforce.
 *
 * Owns: the cursor and the state that belongs to it.
 * Does not own: whether that state is in force.
 * Invariants: 1. Cursor and state change together, and only by an answer that came to its end (E1). 2. A state whose digest
 * is not the one that was announced is never given to anyone; the next question then asks for a snapshot.
 */
export class SyncClient {
  readonly #options: SyncClientOptions;
  #cursor = '';
  #held: Pick<Desired, 'state' | 'unreadable'> = { state: emptyState, unreadable: new Map() };

  constructor(options: SyncClientOptions) {
    this.#options = options;
  }

  /** Takes a state that was kept elsewhere, so that what a snapshot repeats of it stays the same objects. */
  adopt(desired: Desired): void {
    this.#cursor = '';
    this.#held = desired;
  }

  async sync(signal: AbortSignal): Promise<Synced> {
    const first = await this.#ask(this.#cursor, signal);
    if (first !== undefined) return first;
    this.#cursor = '';
    const second = await this.#ask('', signal);
    if (second !== undefined) return second;
    throw new DigestMismatch('the state that the dispatcher sent does not have the digest that it announced');
  }

  /** Undefined where the digest differs. */
  async #ask(cursor: string, signal: AbortSignal): Promise<Synced | undefined> {
    const { client, host, timeoutMs = 30_000 } = this.#options;
    const leave = new AbortController();
    const abort = () => leave.abort(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener('abort', abort);
    const answer = client.sync({ host, cursor }, { signal: leave.signal, timeoutMs });
    try {
      const draft = new StateDraft(this.#held);
      let isSnapshot = false;
      for await (const { event } of answer) {
        if (event.case === 'snapshotStarted') isSnapshot = true;
        if (event.case === 'completed') return this.#complete(draft, event.value, isSnapshot);
        draft.take(event);
      }
      throw new Error('the answer of the dispatcher broke off before it was complete');
    } finally {
      signal.removeEventListener('abort', abort);
      leave.abort();
    }
  }

  #complete(draft: StateDraft, completed: enforceV1.SyncCompleted, isSnapshot: boolean): Synced | undefined {
    const held = draft.finish();
    // What could not be read has no digest: it is refused, NIC by NIC, and the rest is enforced.
    const isVerifiable = ![...held.unreadable.keys()].some((key) => key.startsWith('group '));
    if (isVerifiable && digestHostState(held.state) !== completed.digest) return undefined;
    this.#held = held;
    this.#cursor = completed.cursor;
    return { desired: { ...held, generation: decodeGeneration(completed.generation) }, isSnapshot };
  }
}
