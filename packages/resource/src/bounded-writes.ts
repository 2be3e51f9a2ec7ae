import { resourceExhausted } from '@portcullis/rpc';
import type { ListQuery, Put, Reading, Stored, Transaction } from '@portcullis/store';

/** Others wait while one call writes: about a second for as many documents as this. */
const maxDocuments = 10_000;

/** A transaction of one call, which may write so much and no more. What is deleted is not counted: it must be possible to. */
export class BoundedWrites implements Transaction {
  readonly #transaction: Transaction;
  #count = 0;

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  get revision(): number {
    return this.#transaction.revision;
  }

  /** Throws RESOURCE_EXHAUSTED. */
  async put(...documents: readonly Put[]): Promise<void> {
    this.#count += documents.length;
    if (this.#count > maxDocuments) {
      const message = `the call would write more than ${maxDocuments} resources: ask for less at once`;
      throw resourceExhausted('CHANGE_TOO_LARGE', message);
    }
    await this.#transaction.put(...documents);
  }

  delete(kind: string, ...names: readonly string[]): Promise<void> {
    return this.#transaction.delete(kind, ...names);
  }

  get(kind: string, name: string): Promise<Stored | undefined> {
    return this.#transaction.get(kind, name);
  }

  getMany(kind: string, names: readonly string[]): Promise<Map<string, Stored>> {
    return this.#transaction.getMany(kind, names);
  }

  list(query: ListQuery): Promise<Stored[]> {
    return this.#transaction.list(query);
  }

  count(kind: string, prefix: string): Promise<number> {
    return this.#transaction.count(kind, prefix);
  }

  countLinks(...query: Parameters<Reading['countLinks']>): Promise<Map<string, number>> {
    return this.#transaction.countLinks(...query);
  }
}
