import { ClaimTaken, type ListQuery, type Put, type Reading, type Stored, type Transaction } from '@portcullis/store';
import { RequestFailed } from './request-failed.js';

/**
 * A transaction that gathers what the requests of a batch write, and writes it together: many documents in few statements.
 *
 * Owns: what is not written yet, the last word on each document.
 * Invariants: 1. Whoever reads finds what was put before, as in any transaction. 2. Claims are compared when they are written:
 * what one request gives up, another may take, in any order, but a claim that is taken is of the request that put it.
 */
export class GatheredWrites implements Transaction {
  readonly #transaction: Transaction;
  /** By kind and name; undefined: to be deleted. */
  readonly #waiting = new Map<string, Map<string, Put | undefined>>();
  readonly #placeOfClaim = new Map<string, string>();
  /** The request that writes now. */
  place = '';

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  /** Of what is written already. */
  get revision(): number {
    return this.#transaction.revision;
  }

  async put(...documents: readonly Put[]): Promise<void> {
    for (const document of documents) {
      const waiting = this.#waitingOf(document.kind);
      // Behind the others: of two that claim the same, the one that came first has it.
      waiting.delete(document.name);
      waiting.set(document.name, document);
      for (const claim of document.claims ?? []) this.#placeOfClaim.set(claim, this.place);
    }
  }

  async delete(kind: string, ...names: readonly string[]): Promise<void> {
    for (const name of names) this.#waitingOf(kind).set(name, undefined);
  }

  async get(kind: string, name: string): Promise<Stored | undefined> {
    const waiting = this.#waiting.get(kind);
    return waiting?.has(name) ? waiting.get(name) : this.#transaction.get(kind, name);
  }

  async getMany(kind: string, names: readonly string[]): Promise<Map<string, Stored>> {
    const waiting = this.#waitingOf(kind);
    const found = await this.#transaction.getMany(
      kind,
      names.filter((name) => !waiting.has(name)),
    );
    for (const name of names) {
      const document = waiting.get(name);
      if (document) found.set(name, document);
    }
    return found;
  }

  async list(query: ListQuery): Promise<Stored[]> {
    await this.#write(query.kind);
    return this.#transaction.list(query);
  }

  async count(kind: string, prefix: string): Promise<number> {
    await this.#write(kind);
    return this.#transaction.count(kind, prefix);
  }

  async countLinks(...query: Parameters<Reading['countLinks']>): Promise<Map<string, number>> {
    await this.#write(query[0]);
    return this.#transaction.countLinks(...query);
  }

  /** Writes everything that is waiting. Throws `RequestFailed` for a claim that is taken. */
  async writeAll(): Promise<void> {
    await this.#write(...this.#waiting.keys());
  }

  async #write(...kinds: readonly string[]): Promise<void> {
    const waiting = kinds.map((kind) => ({ kind, documents: [...this.#waitingOf(kind)] }));
    for (const { kind, documents } of waiting) {
      await this.#transaction.delete(kind, ...documents.flatMap(([name, put]) => (put ? [] : [name])));
    }
    try {
      await this.#transaction.put(...waiting.flatMap(({ documents }) => documents.flatMap(([, put]) => put ?? [])));
    } catch (error) {
      const place = error instanceof ClaimTaken ? this.#placeOfClaim.get(error.claim) : undefined;
      throw place === undefined ? error : new RequestFailed(place, error);
    }
    for (const kind of kinds) this.#waiting.delete(kind);
  }

  #waitingOf(kind: string): Map<string, Put | undefined> {
    const waiting = this.#waiting.get(kind) ?? new Map<string, Put | undefined>();
    this.#waiting.set(kind, waiting);
    return waiting;
  }
}
