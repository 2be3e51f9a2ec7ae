import { hash } from 'node:crypto';
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { ListQuery, Reading, Stored, Transaction } from '../store.js';

export interface CollectionOptions<Desc extends DescMessage> {
  readonly kind: string;
  readonly schema: Desc;
  /** Name of the document; unique in the kind. */
  readonly nameOf: (message: MessageShape<Desc>) => string;
  readonly linksOf?: (message: MessageShape<Desc>) => Readonly<Record<string, readonly string[]>>;
  /** Where they follow from the document alone. */
  readonly claimsOf?: (message: MessageShape<Desc>) => readonly string[];
}

export type Selection = Omit<ListQuery, 'kind' | 'limit' | 'after'>;

const pageSize = 500;

/** What the field `etag`, number 32, takes besides its text: a tag of two bytes, a length of one. */
const etagFieldBytes = 3;

const etagLength = 16;

/** Decoded messages a collection keeps: a few MiB, and more than the pages that are asked for again and again. */
const maxViews = 4096;

/**
 * The documents of one kind as messages. Where a message has an `etag`, it is made of what is stored, and not stored itself.
 */
export class Collection<Desc extends DescMessage> {
  readonly #options: CollectionOptions<Desc>;
  readonly #hasEtag: boolean;
  /** By the bytes they are of, which memory keeps from one reading to the next; the oldest go first. */
  readonly #views = new Map<Uint8Array, MessageShape<Desc>>();
  /** Of views: known without encoding them. */
  readonly #byteCounts = new WeakMap<MessageShape<Desc>, number>();

  constructor(options: CollectionOptions<Desc>) {
    this.#options = options;
    this.#hasEtag = options.schema.field.etag !== undefined;
  }

  get kind(): string {
    return this.#options.kind;
  }

  get schema(): Desc {
    return this.#options.schema;
  }

  nameOf(message: MessageShape<Desc>): string {
    return this.#options.nameOf(message);
  }

  decode(body: Uint8Array): MessageShape<Desc> {
    const message = fromBinary(this.#options.schema, body);
    return this.#hasEtag ? Object.assign(message, { etag: etagOf(body) }) : message;
  }

  /** The message for somebody who only looks at it, decoded once for all who ask while it is among the newest. */
  view(body: Uint8Array): MessageShape<Desc> {
    const known = this.#views.get(body);
    if (known) return known;
    const message = this.decode(body);
    this.#show(body, message);
    return message;
  }

  #show(body: Uint8Array, message: MessageShape<Desc>): void {
    Object.freeze(message);
    this.#byteCounts.set(message, body.length + (this.#hasEtag ? etagFieldBytes + etagLength : 0));
    const [oldest] = this.#views.keys();
    if (this.#views.size >= maxViews && oldest) this.#views.delete(oldest);
    this.#views.set(body, message);
  }

  /** Bytes of a message on the wire. */
  byteCountOf(message: MessageShape<Desc>): number {
    return this.#byteCounts.get(message) ?? toBinary(this.#options.schema, message).length;
  }

  async get(reading: Reading, name: string): Promise<MessageShape<Desc> | undefined> {
    const stored = await reading.get(this.kind, name);
    return stored && this.decode(stored.body);
  }

  /** By name; those that do not exist are left out. */
  async getMany(reading: Reading, names: readonly string[]): Promise<Map<string, MessageShape<Desc>>> {
    const stored = await reading.getMany(this.kind, [...new Set(names)]);
    return new Map([...stored].map(([name, { body }]) => [name, this.decode(body)]));
  }

  /** By name, ascending. */
  async list(reading: Reading, query: Omit<ListQuery, 'kind'>): Promise<MessageShape<Desc>[]> {
    const stored = await reading.list({ ...query, kind: this.kind });
    return stored.map(({ body }) => this.decode(body));
  }

  /** The same, only to be looked at. */
  async views(reading: Reading, query: Omit<ListQuery, 'kind'>): Promise<MessageShape<Desc>[]> {
    const stored = await reading.list({ ...query, kind: this.kind });
    return stored.map(({ body }) => this.view(body));
  }

  /** All of a selection, page by page. */
  async *all(reading: Reading, selection: Selection): AsyncGenerator<MessageShape<Desc>> {
    for await (const { body } of this.allStored(reading, selection)) yield this.decode(body);
  }

  /** The same, to be decoded later. */
  async *allStored(reading: Reading, selection: Selection): AsyncGenerator<Stored> {
    let page: Stored[];
    let after = '';
    do {
      page = await reading.list({ ...selection, kind: this.kind, after, limit: pageSize });
      yield* page;
      after = page.at(-1)?.name ?? '';
    } while (page.length === pageSize);
  }

  /**
   * Sets the etag of each message to that of what is stored. From then on nobody may change it: whoever follows the store looks at
   * the same one.
   */
  async put(
    transaction: Transaction,
    messages: readonly MessageShape<Desc>[],
    claimsOf = this.#options.claimsOf,
  ): Promise<void> {
    const { kind, nameOf, linksOf } = this.#options;
    const documents = messages.map((message) => ({
      kind,
      name: nameOf(message),
      body: this.#encode(message),
      links: linksOf?.(message) ?? {},
      claims: claimsOf?.(message) ?? [],
    }));
    await transaction.put(...documents);
  }

  #encode(message: MessageShape<Desc>): Uint8Array {
    if (this.#hasEtag) Object.assign(message, { etag: '' });
    const body = toBinary(this.#options.schema, message);
    if (this.#hasEtag) Object.assign(message, { etag: etagOf(body) });
    this.#show(body, message);
    return body;
  }

  async delete(transaction: Transaction, names: readonly string[]): Promise<void> {
    await transaction.delete(this.kind, ...names);
  }
}

/** 96 bits: two versions of one resource never share them. */
function etagOf(body: Uint8Array): string {
  return hash('sha256', body, 'base64url').slice(0, etagLength);
}
