import {
  create,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import type { Store, Transaction } from '@portcullis/store';
import { refuseLargeAnswer } from './answer-size.js';
import { BoundedWrites } from './bounded-writes.js';
import { checkRequestId, type IdentifiedRequest, RequestMemory } from './request-memory.js';
import type { Revisions } from './revisions.js';

/** What every request that changes something has. */
export interface MutatingRequest extends IdentifiedRequest {
  readonly validateOnly: boolean;
}

/**
 * Carries out a request in one transaction, once: `work` makes the change and the answer, all of it but the revision token.
 * A request that was answered before is answered alike; one that only validates is rolled back.
 */
export type Commit = <Answer extends object>(
  request: MutatingRequest,
  work: (transaction: Transaction) => Promise<Answer>,
) => Promise<Answer & { revisionToken: string }>;

export interface MutationsOptions {
  readonly store: Store;
  readonly service: DescService;
  readonly revisions: Revisions;
  readonly now: () => Date;
}

type Handler = (request: MutatingRequest, context: HandlerContext) => Promise<object>;

/** The calls of a service that change something: what they have in common. */
export class Mutations {
  readonly #options: MutationsOptions;
  readonly #memory = new RequestMemory();
  readonly #methods: ReadonlyMap<string, DescMethod>;

  constructor(options: MutationsOptions) {
    this.#options = options;
    const mutating = options.service.methods.filter(({ input }) => input.field.requestId !== undefined);
    this.#methods = new Map(mutating.map((method) => [method.input.typeName, method]));
  }

  readonly commit: Commit = async <Answer extends object>(
    request: MutatingRequest,
    work: (transaction: Transaction) => Promise<Answer>,
  ) => {
    type Complete = Answer & { revisionToken: string };
    const { store, revisions, now } = this.#options;
    const isIdentified = request.requestId !== '';
    const attempt = async (tx: Transaction): Promise<Complete> => {
      const earlier = isIdentified ? await this.#memory.recall(tx, request, now()) : undefined;
      if (earlier) return this.#decode(request, earlier) as Complete;
      const unchanged = tx.revision;
      const value = await work(new BoundedWrites(tx));
      const revision = request.validateOnly ? unchanged : tx.revision;
      const answer = { ...value, revisionToken: revisions.tokenOf(revision) };
      const encoded = isIdentified || this.#answersMany(request) ? this.#encode(request, answer) : undefined;
      if (encoded) refuseLargeAnswer(encoded.length);
      if (request.validateOnly) throw new RolledBack(answer);
      if (encoded && isIdentified) await this.#memory.remember(tx, request, { answer: encoded, now: now() });
      return answer;
    };
    try {
      return (await store.transact(attempt)).value;
    } catch (error) {
      if (error instanceof RolledBack) return error.answer as Complete;
      throw error;
    }
  };

  /**
   * The same handlers, which check the id of a request and answer a retry also where they fail before their transaction: what
   * the first call needed may be gone since.
   */
  wrap<Handlers extends object>(handlers: Handlers): Handlers {
    const wrapped: Record<string, unknown> = Object.fromEntries(Object.entries(handlers));
    for (const { localName } of this.#methods.values()) {
      const handler = wrapped[localName] as Handler;
      wrapped[localName] = async (request: MutatingRequest, context: HandlerContext) => {
        checkRequestId(request);
        try {
          return await handler(request, context);
        } catch (error) {
          if (request.requestId === '') throw error;
          return (await this.#recall(request)) ?? Promise.reject(error);
        }
      };
    }
    return wrapped as Handlers;
  }

  async #recall(request: MutatingRequest): Promise<object | undefined> {
    const { store, now } = this.#options;
    const { value } = await store.read((reading) => this.#memory.recall(reading, request, now()));
    return value && this.#decode(request, value);
  }

  #answersMany(request: MutatingRequest): boolean {
    return this.#methodOf(request).output.fields.some(({ fieldKind }) => fieldKind === 'list');
  }

  #encode(request: MutatingRequest, answer: object): Uint8Array {
    const { output } = this.#methodOf(request);
    return toBinary(output, create(output, answer as MessageInitShape<typeof output>));
  }

  #decode(request: MutatingRequest, answer: Uint8Array): object {
    return fromBinary(this.#methodOf(request).output, answer);
  }

  #methodOf({ $typeName }: MutatingRequest): DescMethod {
    const method = this.#methods.get($typeName);
    if (!method) throw new TypeError(`${$typeName} is not the request of a method that changes something`);
    return method;
  }
}

/** Ends a transaction whose answer is all that is wanted. */
class RolledBack extends Error {
  override readonly name = 'RolledBack';

  constructor(readonly answer: object) {
    super('the request only validates');
  }
}
