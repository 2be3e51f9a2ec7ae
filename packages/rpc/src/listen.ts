import { once } from 'node:events';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { type Address, formatAddress } from './address.js';

/** Binds a server, and answers the address that clients dial. A socket file that nobody serves any more is replaced. */
export async function listen(server: Server, address: Address): Promise<Address> {
  if (address.kind === 'unix') await removeStaleSocket(address.path);
  server.listen(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port });
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE' ? new Error(`${formatAddress(address)} is in use by another program`) : error;
  });
  if (address.kind === 'unix') {
    await chmod(address.path, 0o600);
    return address;
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('a TCP server has a port');
  return { ...address, port: bound.port };
}

async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is no socket`);
  if (await isServed(path)) throw new Error(`another server listens on unix:${path}`);
  await unlink(path);
}

/** Anything but a refusal, such as a queue that is full, is a sign of life. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}
