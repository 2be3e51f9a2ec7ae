import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { createRouterTransport, type Transport } from '@connectrpc/connect';
import { formatRevisionToken, inventoryV1, parseRevisionToken } from '@portcullis/api';
import { noneFound, requiredValue } from '@portcullis/resource';
import { invalidArgument, pageOf, unavailable } from '@portcullis/rpc';

type Commit = inventoryV1.Change[];

/** What policy asks of inventory, from memory. */
export class InventoryFake {
  readonly transport: Transport;
  /** Every call fails and every watch breaks off while true. */
  isDown = false;
  /** Runs after a question was answered and before the answer arrives. */
  beforeAnswer: () => void = () => undefined;
  /** Filters of listings that were asked for. */
  readonly questions: string[] = [];
  readonly #vms = new Set<string>();
  readonly #nics = new Map<string, inventoryV1.Nic>();
  readonly #networks = new Map<string, inventoryV1.Network>();
  readonly #commits: Commit[] = [];
  #wake: (() => void)[] = [];
  #uids = 0;

  constructor() {
    this.transport = createRouterTransport(({ service }) => {
      service(inventoryV1.InventoryService, {
        getNetwork: ({ name }) => {
          this.#check();
          const network = this.#networks.get(name);
          if (!network) throw noneFound([name]);
          this.beforeAnswer();
          return { network };
        },
        batchGetNics: ({ names }) => {
          this.#check();
          const missing = names.filter((name) => !this.#nics.has(name));
          if (missing.length > 0) throw noneFound(missing);
          const nics = names.flatMap((name) => this.#nics.get(name) ?? []);
          this.beforeAnswer();
          return { nics };
        },
        getVmInstance: ({ name }) => {
          this.#check();
          if (!this.#vms.has(name)) throw noneFound([name]);
          return { vmInstance: { name } };
        },
        listNics: (request) => {
          this.#check();
          this.questions.push(request.filter);
          if (request.filter.endsWith('=')) {
            throw invalidArgument([{ field: 'filter', reason: 'FILTER_MALFORMED', description: 'a value is missing' }]);
          }
          const vmInstance = requiredValue(request.filter, 'vm_instance');
          const network = requiredValue(request.filter, 'network');
          const nics = [...this.#nics.values()]
            .filter((nic) => vmInstance === undefined || nic.vmInstance === vmInstance)
            .filter((nic) => network === undefined || nic.network === network)
            .sort((a, b) => (a.name < b.name ? -1 : 1));
          const { items, nextPageToken } = pageOf(nics, request, { nameOf: ({ name }) => name, scope: request.filter });
          this.beforeAnswer();
          return { nics: items, nextPageToken };
        },
        watch: ({ resumeToken }, { signal }) => this.#watch(resumeToken, signal),
      });
    });
  }

  addNetwork(name: string): void {
    this.#networks.set(name, create(inventoryV1.NetworkSchema, { name, uid: this.#uid() }));
    this.#commit({ case: 'put', value: { resource: { case: 'network', value: { name } } } });
  }

  addVm(name: string): void {
    this.#vms.add(name);
  }

  addNic(name: string, network: string, vmInstance = ''): void {
    this.#nics.set(name, create(inventoryV1.NicSchema, { name, network, vmInstance, uid: this.#uid() }));
    this.#commit({ case: 'put', value: { resource: { case: 'nic', value: { name } } } });
  }

  removeNic(name: string): void {
    this.#nics.delete(name);
    this.#commit({ case: 'removal', value: { removed: { case: 'nic', value: name } } });
  }

  removeNetwork(name: string): void {
    this.#networks.delete(name);
    this.#commit({ case: 'removal', value: { removed: { case: 'network', value: name } } });
  }

  /** Ends every watch. */
  interrupt(): void {
    this.isDown = true;
    this.#wakeAll();
  }

  async *#watch(resumeToken: string, signal: AbortSignal) {
    const at = (revision: number) => ({
      revision: BigInt(revision),
      revisionToken: formatRevisionToken({ service: 'inventory', epoch: 'fake', revision }),
    });
    signal.addEventListener('abort', () => this.#wakeAll());
    let told = parseRevisionToken(resumeToken)?.revision;
    if (told === undefined) {
      told = this.#commits.length;
      yield { event: { case: 'snapshotStarted' as const, value: {} } };
      yield { event: { case: 'snapshotCompleted' as const, value: at(told) } };
    }
    while (!signal.aborted) {
      this.#check();
      const changes = this.#commits[told];
      if (changes) {
        told += 1;
        yield { event: { case: 'commit' as const, value: { ...at(told), changes } } };
      } else await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #commit(change: MessageInitShape<typeof inventoryV1.ChangeSchema>['change']): void {
    this.#commits.push([create(inventoryV1.ChangeSchema, change ? { change } : {})]);
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #check(): void {
    if (this.isDown) throw unavailable('TEST', 'inventory is down');
  }

  #uid(): string {
    this.#uids += 1;
    return `uid-${this.#uids}`;
  }
}
