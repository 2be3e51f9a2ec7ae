import type { MessageInitShape } from '@bufbuild/protobuf';
import { createRouterTransport } from '@connectrpc/connect';
import { formatRevisionToken, inventoryV1, policyV1 } from '@portcullis/api';

type Event = Extract<
  MessageInitShape<typeof policyV1.WatchResponseSchema | typeof inventoryV1.WatchResponseSchema>,
  { event?: unknown }
>;

/**
 * Policy and inventory as the dispatcher hears them: a test commits what it likes. Each keeps its log and answers Watch
 * by resuming where it can, or with a snapshot.
 */
class FakeStore<Resource> {
  epoch = 'e1';
  revision = 0;
  readonly #resources = new Map<string, Resource>();
  readonly #log: Event[] = [];
  #wake: () => void = () => undefined;
  /** Ends every open Watch, as a restart of the service does. */
  #connection = new AbortController();

  constructor(
    readonly service: 'policy' | 'inventory',
    readonly idOf: (change: unknown) => string,
  ) {}

  token(revision = this.revision): string {
    return formatRevisionToken({ service: this.service, epoch: this.epoch, revision });
  }

  commit(...changes: { put?: Resource; removal?: unknown }[]): string {
    this.revision += 1;
    for (const { put, removal } of changes) {
      if (put !== undefined) this.#resources.set(this.idOf(put), put);
      else this.#resources.delete(this.idOf(removal));
    }
    const value = {
      revision: BigInt(this.revision),
      revisionToken: this.token(),
      changes: changes.map(({ put, removal }) => ({
        change:
          put === undefined
            ? { case: 'removal', value: { removed: removal } }
            : { case: 'put', value: { resource: put } },
      })),
    };
    this.#log.push({ event: { case: 'commit', value } } as Event);
    this.#wake();
    return this.token();
  }

  disconnect(): void {
    this.#connection.abort();
    this.#connection = new AbortController();
    this.#wake();
  }

  async *watch(resumeToken: string, signal: AbortSignal): AsyncGenerator<Event> {
    const connection = this.#connection.signal;
    let next = this.#log.length;
    const resumed = Array.from({ length: this.revision + 1 }, (_, i) => i).find((i) => this.token(i) === resumeToken);
    if (resumed !== undefined) next = resumed;
    else {
      yield { event: { case: 'snapshotStarted', value: {} } };
      for (const resource of [...this.#resources.values()]) {
        yield { event: { case: 'put', value: { resource } } } as Event;
      }
      const value = { revision: BigInt(this.revision), revisionToken: this.token() };
      yield { event: { case: 'snapshotCompleted', value } };
    }
    while (!signal.aborted && !connection.aborted) {
      const event = this.#log[next];
      if (event !== undefined) {
        next += 1;
        yield event;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    }
  }
}

type PolicyResource = NonNullable<MessageInitShape<typeof policyV1.ResourceSchema>['resource']>;
type InventoryResource = NonNullable<MessageInitShape<typeof inventoryV1.ResourceSchema>['resource']>;

export class WatchedServices {
  readonly policy = new FakeStore<PolicyResource>('policy', nameIn);
  readonly inventory = new FakeStore<InventoryResource>('inventory', nameIn);
  readonly policyTransport = createRouterTransport(({ service }) => {
    service(policyV1.PolicyService, {
      watch: ({ resumeToken }, { signal }) => this.policy.watch(resumeToken, signal) as never,
    });
  });
  readonly inventoryTransport = createRouterTransport(({ service }) => {
    service(inventoryV1.InventoryService, {
      watch: ({ resumeToken }, { signal }) => this.inventory.watch(resumeToken, signal) as never,
    });
  });
}

function nameIn(change: unknown): string {
  const { case: kind, value } = change as { case: string; value: string | Record<string, string> };
  if (typeof value === 'string') return `${kind} ${value}`;
  return `${kind} ${value.name ?? `${value.securityGroup} ${value.nic}`}`;
}
