import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Code, createClient } from '@connectrpc/connect';
import { Client, credentials } from '@grpc/grpc-js';
import { healthV1 } from '@portcullis/api';
import { createLogger } from '@portcullis/runtime';
import { expect, it, onTestFinished, vi } from 'vitest';
import { EchoService, echoService, text, textOf } from './echo-service.fake.js';
import { GrpcTransport } from './grpc-transport.js';
import { dial, serve, temporaryFolder } from './running-server.fake.js';

it.each(['port', 'socket'])('a server that was ended and came back on the same %s is found again', async (kind) => {
  const listen = kind === 'port' ? '127.0.0.1:0' : `unix:${await temporaryFolder()}/s`;
  const first = await serve({ listen, services: [echoService()] });
  const client = createClient(EchoService, dial(first.address));
  await client.once(text(''));
  await first.close(0);
  await expect(client.once(text(''))).rejects.toMatchObject({ code: Code.Unavailable });
  await serve({ listen: first.address, services: [echoService()] });
  const beganAt = performance.now();
  await vi.waitFor(() => client.once(text('again')), { timeout: 5000, interval: 20 });
  // It is dialled again each second; the rest is room for a busy machine.
  expect(performance.now() - beganAt).toBeLessThan(3000);
});

it('a server that was killed, and left its socket behind, is found again', async () => {
  const listen = `unix:${await temporaryFolder()}/s`;
  const program = `
    import { startServer } from '@portcullis/rpc';
    import { createLogger } from '@portcullis/runtime';
    await startServer({ listen: '${listen}', services: [], log: createLogger('killed') });
    console.log('listening');
  `;
  const node = ['--conditions', 'portcullis-source', '--import', 'tsx', '--input-type', 'module', '--eval', program];
  const server = spawn(process.execPath, node, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void server.kill('SIGKILL'));
  await once(server.stdout, 'data');
  const client = createClient(healthV1.Health, dial(listen));
  const watch = client.watch({})[Symbol.asyncIterator]();
  await watch.next();
  server.kill('SIGKILL');
  await expect(watch.next()).rejects.toMatchObject({ code: Code.Unavailable });
  await expect(client.check({})).rejects.toMatchObject({ code: Code.Unavailable });
  await serve({ listen });
  await vi.waitFor(() => client.check({}), { timeout: 5000, interval: 20 });
});

it.each(['http://127.0.0.1:1', 'unix:/nowhere/s'])('nobody at %s is UNAVAILABLE at once', async (target) => {
  const client = createClient(EchoService, dial(target));
  const beganAt = performance.now();
  await expect(client.once(text(''))).rejects.toMatchObject({ code: Code.Unavailable });
  await expect(firstOf(client.repeat(text('')))).rejects.toMatchObject({ code: Code.Unavailable });
  expect(performance.now() - beganAt).toBeLessThan(3000);
});

it('a server that takes connections and says nothing is UNAVAILABLE after a while, and is dialled anew', async () => {
  const server = await serve({ services: [echoService()] });
  let isMute = true;
  const { address } = await proxy(server, () => isMute);
  const makeClient = () => new Client(address.replace('http://', ''), credentials.createInsecure());
  const transport = new GrpcTransport(makeClient, { connectTimeoutMs: 200, token: undefined });
  onTestFinished(() => transport.close());
  const client = createClient(EchoService, transport);
  const calls = [client.once(text('')), firstOf(client.repeat(text('')))];
  await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ code: Code.Unavailable })));
  isMute = false;
  expect(textOf(await client.once(text('hello')))).toBe('hello');
});

it('a connection that breaks in the middle of a call is UNAVAILABLE', async () => {
  const { address, cut } = await proxy(
    await serve({ services: [echoService({ once: () => new Promise(() => cut()) })] }),
  );
  const client = createClient(EchoService, dial(address));
  await expect(client.once(text(''))).rejects.toMatchObject({ code: Code.Unavailable });
});

it('a connection that breaks in the middle of a stream is UNAVAILABLE, after what had arrived', async () => {
  const server = await serve({
    services: [
      echoService({
        async *repeat(_request, { signal }) {
          yield text('first');
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      }),
    ],
  });
  const { address, cut } = await proxy(server);
  const client = createClient(EchoService, dial(address));
  const stream = client.repeat(text(''))[Symbol.asyncIterator]();
  expect(textOf((await stream.next()).value)).toBe('first');
  cut();
  await expect(stream.next()).rejects.toMatchObject({ code: Code.Unavailable });
});

it('a deadline that has passed is DEADLINE_EXCEEDED', async () => {
  const { address } = await serve({ services: [echoService()] });
  const client = createClient(EchoService, dial(address));
  await expect(client.once(text(''), { timeoutMs: 0 })).rejects.toMatchObject({ code: Code.DeadlineExceeded });
});

it('a signal that has aborted is CANCELED', async () => {
  const { address } = await serve({ services: [echoService()] });
  const client = createClient(EchoService, dial(address));
  const signal = AbortSignal.abort();
  await expect(client.once(text(''), { signal })).rejects.toMatchObject({ code: Code.Canceled });
  await expect(firstOf(client.repeat(text(''), { signal }))).rejects.toMatchObject({ code: Code.Canceled });
});

it('a request that cannot be read ends its call with that error', async () => {
  const { address } = await serve({ services: [echoService()] });
  const client = createClient(EchoService, dial(address));
  const requests = (async function* () {
    yield text('a');
    throw new Error('no more');
  })();
  await expect(client.join(requests)).rejects.toMatchObject({ rawMessage: 'no more' });
});

it('calls in flight, and later ones, fail when the transport is closed', async () => {
  const { address } = await serve({ services: [echoService({ once: () => new Promise(() => undefined) })] });
  const transport = dial(address);
  const client = createClient(EchoService, transport);
  const call = client.once(text(''));
  call.catch(() => undefined);
  await client.join((async function* () {})());
  transport.close();
  const expected = { code: Code.Canceled, rawMessage: 'the transport is closed' };
  await expect(call).rejects.toMatchObject(expected);
  await expect(client.once(text(''))).rejects.toMatchObject(expected);
  transport.close();
});

it('the log hears when a server is reached, lost, and not to be reached', async () => {
  const lines: string[] = [];
  const log = createLogger('test', { destination: { write: (line) => lines.push(JSON.parse(line).msg) } });
  const server = await serve({ services: [echoService()] });
  const client = createClient(EchoService, dial(server.address, { log }));
  await client.once(text(''));
  await server.close(0);
  await vi.waitFor(() => expect(lines).toEqual(['connected', 'disconnected']));
  for (let i = 0; i < 3; i += 1) {
    await expect(client.once(text(''))).rejects.toMatchObject({ code: Code.Unavailable });
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  expect(lines).toEqual(['connected', 'disconnected', 'cannot connect']);
  await serve({ listen: server.address, services: [echoService()] });
  await vi.waitFor(() => client.once(text('')), { timeout: 5000 });
  expect(lines).toEqual(['connected', 'disconnected', 'cannot connect', 'connected']);
});

it('a server behind TLS needs its authority', () => {
  expect(() => dial('https://127.0.0.1:1')).toThrow('needs the certificate of the authority');
});

async function firstOf<T>(stream: AsyncIterable<T>): Promise<T | undefined> {
  for await (const each of stream) return each;
  return undefined;
}

/** Passes bytes on, until it is told to cut. */
async function proxy({ address }: { address: string }, isMute = () => false) {
  const sockets: Socket[] = [];
  const listener = createServer((incoming) => {
    if (isMute()) {
      sockets.push(incoming.on('error', () => undefined));
      return;
    }
    const outgoing = connectTo(address);
    sockets.push(incoming, outgoing);
    incoming
      .on('error', () => undefined)
      .pipe(outgoing.on('error', () => undefined))
      .pipe(incoming);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  onTestFinished(() => {
    cut();
    listener.close();
  });
  return { address: `http://127.0.0.1:${(listener.address() as { port: number }).port}`, cut };
}

function connectTo(address: string): Socket {
  const { hostname, port } = new URL(address);
  return connect({ host: hostname, port: Number(port) });
}
