import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Client, createClient } from '@connectrpc/connect';
import { dispatchV1, enforceV1, inventoryV1, policyV1 } from '@portcullis/api';
import { openServerSecurity, openTransport } from '@portcullis/rpc';
import { createLogger } from '@portcullis/runtime';
import { openSuite } from '@portcullis/suite';

/** Clients of everything that is served. */
export interface Clients {
  readonly policy: Client<typeof policyV1.PolicyService>;
  readonly inventory: Client<typeof inventoryV1.InventoryService>;
  readonly dispatch: Client<typeof dispatchV1.DispatchService>;
  readonly enforce: Client<typeof enforceV1.EnforceService>;
}

/** A running suite: a port of the loopback, SQLite files, a private Redis. */
export interface SuiteUnderTest extends Clients {
  /** `http://127.0.0.1:port` */
  readonly address: string;
  /** The clients of somebody with this token. */
  withToken(token: string): Clients;
  /** The newest revisions of both stores. */
  revisions(): Promise<string>;
  close(): Promise<void>;
}

const noTls = { tlsCert: undefined, tlsKey: undefined, tlsClientCa: undefined };

/** `callers` are who is known, by their tokens; without them everybody is. The suite's own clients are `token`'s. */
export async function startSuite(callers?: readonly object[], token?: string): Promise<SuiteUnderTest> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-api-'));
  const ends: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const log = createLogger('test', { level: 'silent' });
    const callersFile = path.join(folder, 'callers.json');
    if (callers) await writeFile(callersFile, JSON.stringify({ callers }));
    const suite = await openSuite({
      listen: ['127.0.0.1:0'],
      policyStore: `sqlite:${folder}/policy.db`,
      inventoryStore: `sqlite:${folder}/inventory.db`,
      ...(callers && { security: await openServerSecurity({ ...noTls, callers: callersFile }, log) }),
      log,
    });
    ends.push(() => suite.close());
    const [address = ''] = suite.addresses;
    const clientsOf = (options: Parameters<typeof openTransport>[1]): Clients => {
      const transport = openTransport(address, options);
      ends.push(() => transport.close());
      return {
        policy: createClient(policyV1.PolicyService, transport),
        inventory: createClient(inventoryV1.InventoryService, transport),
        dispatch: createClient(dispatchV1.DispatchService, transport),
        enforce: createClient(enforceV1.EnforceService, transport),
      };
    };
    const clients = clientsOf(token === undefined ? {} : { token: () => token });
    return {
      ...clients,
      address,
      withToken: (token) => clientsOf({ token: () => token }),
      revisions: async () => {
        const nothing = { allowMissing: true, validateOnly: true };
        const answers = await Promise.all([
          clients.policy.deleteSecurityGroup({ name: 'projects/p/securityGroups/nobody', ...nothing }),
          clients.inventory.deleteHost({ name: 'hosts/nobody', ...nothing }),
        ]);
        return answers.map(({ revisionToken }) => Buffer.from(revisionToken, 'base64url').toString()).join(', ');
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
