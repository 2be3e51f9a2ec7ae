import { createHash } from 'node:crypto';
import type { Message } from '@bufbuild/protobuf';
import { invalidArgument } from '@portcullis/rpc';
import type { Reading, Transaction } from '@portcullis/store';

/** Not in the log, so no watch and no snapshot tells of it, and remembering alone takes no revision. */
const kind = '_request';

const keptMs = 24 * 60 * 60 * 1000;

/** Between two purges, in remembered requests, and how many one purge deletes at most: more than come in between. */
const purgeInterval = 32;
const purgeSize = 128;

/** A call that may be a repetition of an earlier one. */
export interface IdentifiedRequest extends Message {
  readonly requestId: string;
}

/**
 * What was answered to requests that carry an id, for 24 hours.
 *
 * Owns: one document per id: when, in its name; a hash of the request and the answer, in its body.
 * Invariant: a document is written by the transaction of the change it tells of, so that both are there or neither,
 * whatever is killed. Only answers are remembered: a call that failed has changed nothing and is simply tried again.
 */
export class RequestMemory {
  #untilPurge = 0;

  /** The answer to the request with this id. Throws INVALID_ARGUMENT when it was another request. */
  async recall(reading: Reading, request: IdentifiedRequest, now: Date): Promise<Uint8Array | undefined> {
    const link = { name: 'id', target: idOf(request) };
    const earlier = await reading.list({ kind, link, after: timeText(now.getTime() - keptMs), limit: 1 });
    const body = earlier[0]?.body;
    if (body === undefined) return undefined;
    if (Buffer.compare(body.subarray(0, 32), hashOf(request)) === 0) return body.subarray(32);
    const description = 'was the id of another request in the last 24 hours';
    throw invalidArgument([{ field: 'request_id', reason: 'REQUEST_ID_REUSED', description }]);
  }

  async remember(
    transaction: Transaction,
    request: IdentifiedRequest,
    { answer, now }: { answer: Uint8Array; now: Date },
  ): Promise<void> {
    const name = `${timeText(now.getTime())} ${idOf(request)}`;
    const body = Buffer.concat([hashOf(request), answer]);
    await transaction.put({ kind, name, body, links: { id: [idOf(request)] } });
    if (this.#untilPurge <= 0) await this.#purge(transaction, now);
    this.#untilPurge -= 1;
  }

  /** Forgets the oldest, if they are over. One look tells whether there is anything to do: names begin with the time. */
  async #purge(transaction: Transaction, now: Date): Promise<void> {
    this.#untilPurge = purgeInterval;
    const end = timeText(now.getTime() - keptMs);
    for (const limit of [1, purgeSize]) {
      const oldest = await transaction.list({ kind, limit });
      const over = oldest.flatMap(({ name }) => (name < end ? [name] : []));
      if (over.length === 0) return;
      await transaction.delete(kind, ...over);
    }
  }
}

const idPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Throws INVALID_ARGUMENT for an id that is no UUID; none at all is fine. */
export function checkRequestId({ requestId }: IdentifiedRequest): void {
  if (requestId === '' || idPattern.test(requestId)) return;
  const description = 'is not a UUID: 8-4-4-4-12 hexadecimal digits';
  throw invalidArgument([{ field: 'request_id', reason: 'REQUEST_ID_MALFORMED', description }]);
}

function idOf({ requestId }: IdentifiedRequest): string {
  return requestId.toLowerCase();
}

/** Sorts as time does, as long as years have four digits. */
function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Equal for equal requests, in whatever order a client puts the entries of a map, and whether or not they only validate. */
function hashOf(request: IdentifiedRequest): Buffer {
  const text = JSON.stringify({ ...request, requestId: '', validateOnly: false }, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return createHash('sha256').update(text).digest();
}
