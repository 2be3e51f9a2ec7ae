import { type CallOptions, Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { errorDetails, inventoryV1 } from '@portcullis/api';
import { unavailable } from '@portcullis/rpc';

/** Longest wait for one answer of inventory, in milliseconds. */
const timeoutMs = 5000;

/** Names in one BatchGetNics. */
const maxNames = 500;

/** Questions to inventory under way at once, for one call. */
const maxConcurrent = 16;

type NicListing = Pick<inventoryV1.ListNicsRequest, 'parent' | 'pageSize' | 'pageToken' | 'filter' | 'orderBy'>;

/** What policy asks inventory. Throws UNAVAILABLE when there is no answer. */
export interface InventoryClient {
  /** NICs by name; those that do not exist are left out. */
  findNics(names: readonly string[], options?: CallOptions): Promise<Map<string, inventoryV1.Nic>>;
  /** Networks by name; those that do not exist are left out. */
  findNetworks(names: readonly string[], options?: CallOptions): Promise<Map<string, inventoryV1.Network>>;
  /** The NICs of a VM; undefined when the VM does not exist. */
  nicsOfVm(vmInstance: string, options?: CallOptions): Promise<inventoryV1.Nic[] | undefined>;
  /** See the proto. Throws INVALID_ARGUMENT, too, for what the caller has asked wrong. */
  listNics(request: NicListing, options?: CallOptions): Promise<inventoryV1.ListNicsResponse>;
  /** See the proto. */
  watch(resumeToken: string, signal: AbortSignal): AsyncIterable<inventoryV1.WatchResponse>;
}

export function inventoryClient(transport: Transport): InventoryClient {
  const client = createClient(inventoryV1.InventoryService, transport);

  /** Asks again without those that do not exist, until all exist: an answer may name only some of the missing. */
  async function findSome(names: readonly string[], options: CallOptions): Promise<inventoryV1.Nic[]> {
    let wanted = [...names];
    while (wanted.length > 0) {
      try {
        return (await client.batchGetNics({ parent: 'projects/-', names: wanted }, { timeoutMs, ...options })).nics;
      } catch (error) {
        const missing = missingOf(error);
        const rest = wanted.filter((name) => !missing.has(name));
        if (rest.length === wanted.length) throw toUnavailable(error, options.signal);
        wanted = rest;
      }
    }
    return [];
  }

  async function findNetwork(name: string, options: CallOptions): Promise<inventoryV1.Network | undefined> {
    try {
      return (await client.getNetwork({ name }, { timeoutMs, ...options })).network;
    } catch (error) {
      if (missingOf(error).has(name)) return undefined;
      throw toUnavailable(error, options.signal);
    }
  }

  async function listNics(request: NicListing, options: CallOptions): Promise<inventoryV1.ListNicsResponse> {
    try {
      return await client.listNics(request, { timeoutMs, ...options });
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.InvalidArgument) throw error;
      throw toUnavailable(error, options.signal);
    }
  }

  async function vmExists(name: string, options: CallOptions): Promise<boolean> {
    try {
      await client.getVmInstance({ name }, { timeoutMs, ...options });
      return true;
    } catch (error) {
      if (missingOf(error).has(name)) return false;
      throw toUnavailable(error, options.signal);
    }
  }

  return {
    listNics: (request, options = {}) => listNics(request, options),
    nicsOfVm: async (vmInstance, options = {}) => {
      const nics: inventoryV1.Nic[] = [];
      const parent = vmInstance.slice(0, vmInstance.indexOf('/vmInstances/'));
      const request = { parent, filter: `vm_instance = "${vmInstance}"`, pageSize: 1000, orderBy: '' };
      let pageToken = '';
      do {
        const page = await listNics({ ...request, pageToken }, options);
        nics.push(...page.nics);
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return nics.length > 0 || (await vmExists(vmInstance, options)) ? nics : undefined;
    },
    findNics: async (names, options = {}) => {
      const unique = [...new Set(names)];
      const found = new Map<string, inventoryV1.Nic>();
      for (let i = 0; i < unique.length; i += maxNames) {
        for (const nic of await findSome(unique.slice(i, i + maxNames), options)) found.set(nic.name, nic);
      }
      return found;
    },
    findNetworks: async (names, options = {}) => {
      const waiting = [...new Set(names)];
      const found = new Map<string, inventoryV1.Network>();
      const askOneByOne = async () => {
        for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
          const network = await findNetwork(name, options);
          if (network) found.set(name, network);
        }
      };
      try {
        await Promise.all(Array.from({ length: maxConcurrent }, askOneByOne));
      } finally {
        // After a failure the others have no more to ask.
        waiting.length = 0;
      }
      return found;
    },
    watch: (resumeToken, signal) => client.watch({ resumeToken }, { signal }),
  };
}

function missingOf(error: unknown): Set<string> {
  if (!(error instanceof ConnectError) || error.code !== Code.NotFound) return new Set();
  return new Set(error.findDetails(errorDetails.ResourceInfoSchema).map(({ resourceName }) => resourceName));
}

/** The caller of policy has asked nothing wrong: whatever inventory answers but NOT_FOUND is policy's trouble. */
function toUnavailable(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return error;
  return unavailable('INVENTORY_UNAVAILABLE', 'inventory does not answer');
}
