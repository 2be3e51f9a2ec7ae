import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, 10 s at most, until a server listens on a socket. */
export async function untilListening(socket: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const client = connect(socket);
    const isConnected = await new Promise<boolean>((resolve) => {
      client.once('connect', () => resolve(true));
      client.once('error', () => resolve(false));
    });
    client.destroy();
    if (isConnected) return;
    await sleep(50);
  }
  throw new Error(`nobody listens on ${socket} after 10 s`);
}
