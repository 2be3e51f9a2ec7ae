import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { Code, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { describe, expect, it } from 'vitest';
import { EchoService, echoService, text, textOf } from './echo-service.fake.js';
import { dial, serve, temporaryFolder } from './running-server.fake.js';

const clients = {
  gRPC: (address: string) => createClient(EchoService, dial(address)),
  Connect: (address: string) =>
    createClient(EchoService, createConnectTransport({ baseUrl: address, httpVersion: '1.1' })),
};

describe.each(Object.entries(clients))('over %s', (_, clientOf) => {
  it('a call in flight is answered while the server closes, and no later one', async () => {
    const begun = gate();
    const release = gate();
    const handlers = {
      async once(request: Parameters<typeof textOf>[0]) {
        begun.open();
        await release.opened;
        return request;
      },
    };
    const server = await serve({ services: [echoService(handlers)] });
    const client = clientOf(server.address);
    const call = client.once(text('hello'));
    await begun.opened;
    const closed = server.close();
    await expect(client.once(text('late'))).rejects.toMatchObject({ code: Code.Unavailable });
    release.open();
    expect(textOf(await call)).toBe('hello');
    await closed;
  });

  it('a stream ends with UNAVAILABLE as soon as the server closes', async () => {
    const server = await serve({ services: [echoService({ repeat: endless })] });
    const stream = clientOf(server.address).repeat(text(''))[Symbol.asyncIterator]();
    expect(textOf((await stream.next()).value)).toBe('first');
    const beganAt = performance.now();
    const next = stream.next();
    await Promise.all([server.close(), expect(next).rejects.toMatchObject({ code: Code.Unavailable })]);
    expect(performance.now() - beganAt).toBeLessThan(3000);
  });

  it('a call that never ends is cut after the grace time, and its signal aborts', async () => {
    const aborted = gate();
    const begun = gate();
    const handlers = {
      once(_request: unknown, { signal }: { signal: AbortSignal }) {
        signal.addEventListener('abort', () => aborted.open());
        begun.open();
        return new Promise<never>(() => undefined);
      },
    };
    const server = await serve({ services: [echoService(handlers)] });
    const call = clientOf(server.address).once(text(''));
    call.catch(() => undefined);
    await begun.opened;
    const beganAt = performance.now();
    await server.close(200);
    expect(performance.now() - beganAt).toBeGreaterThan(150);
    expect(performance.now() - beganAt).toBeLessThan(4000);
    await expect(call).rejects.toThrow();
    await aborted.opened;
  });
});

it('connections that are idle, or have said nothing yet, do not hold up the end', async () => {
  const server = await serve({ services: [echoService()] });
  await clients.gRPC(server.address).once(text(''));
  await (await fetch(`${server.address}/healthz`)).text();
  const { hostname, port } = new URL(server.address);
  const silent = connect({ host: hostname, port: Number(port) });
  await new Promise((resolve) => silent.once('connect', resolve));
  const beganAt = performance.now();
  await server.close();
  expect(performance.now() - beganAt).toBeLessThan(3000);
});

it('to close twice is to close once', async () => {
  const server = await serve();
  await Promise.all([server.close(), server.close()]);
});

it('a socket goes with its server, and another may follow at once', async () => {
  const listen = `unix:${await temporaryFolder()}/s`;
  for (let i = 0; i < 3; i += 1) {
    const server = await serve({ listen, services: [echoService()] });
    expect(textOf(await clients.gRPC(listen).once(text('hello')))).toBe('hello');
    await server.close();
  }
});

it('a process that has closed server and transport ends by itself', async () => {
  const program = `
    import { createClient } from '@connectrpc/connect';
    import { healthV1 } from '@portcullis/api';
    import { openTransport, startServer } from '@portcullis/rpc';
    import { createLogger } from '@portcullis/runtime';
    const log = createLogger('test', { level: 'silent' });
    const server = await startServer({ listen: '127.0.0.1:0', services: [], log });
    const transport = openTransport(server.address, { log });
    const client = createClient(healthV1.Health, transport);
    await client.check({});
    const watch = client.watch({})[Symbol.asyncIterator]();
    await watch.next();
    watch.next().catch(() => console.log('the watch has ended'));
    await (await fetch(server.address + '/healthz')).text();
    await server.close();
    transport.close();
    const closedAt = performance.now();
    process.once('exit', () => console.log(performance.now() - closedAt < 2000 ? 'ended at once' : 'ended late'));
  `;
  const node = ['--conditions', 'portcullis-source', '--import', 'tsx', '--input-type', 'module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, node, { timeout: 20_000 });
  expect(stdout).toBe('the watch has ended\nended at once\n');
});

async function* endless(_request: unknown, { signal }: { signal: AbortSignal }) {
  yield text('first');
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

function gate(): { opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
