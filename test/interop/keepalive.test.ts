import { once } from 'node:events';
import { connect } from 'node:http2';
import { promisify } from 'node:util';
import { startServer } from '@portcullis/rpc';
import { createLogger } from '@portcullis/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';

let server: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  server = await startServer({ listen: '127.0.0.1:0', services: [], log: createLogger('test', { level: 'silent' }) });
});
afterAll(() => server.close());

it('a client that pings two hundred times in a row, without a call, keeps its connection', async () => {
  const session = connect(server.address);
  await once(session, 'connect');
  let isSentAway = false;
  session.once('goaway', () => {
    isSentAway = true;
  });
  const ping = promisify((done: (error: Error | null, tookMs: number) => void) => session.ping(done));
  for (let count = 0; count < 200; count += 1) await ping();
  expect({ isSentAway, closed: session.closed, destroyed: session.destroyed }).toEqual({
    isSentAway: false,
    closed: false,
    destroyed: false,
  });

  const call = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  call.end(Buffer.from([0, 0, 0, 0, 0]));
  call.resume();
  const [trailers] = await once(call, 'trailers');
  expect(trailers['grpc-status']).toBe('0');
  session.destroy();
});
