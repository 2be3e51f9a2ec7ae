import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { speaksHttp2 } from './first-bytes.js';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

it.each([
  ['the preface of HTTP/2', [preface], true],
  ['the preface, byte by byte', [...preface.slice(0, 14)], true],
  ['a request of HTTP/1', ['POST / HTTP/1.1\r\n'], false],
  ['a request that begins like the preface', ['PR', 'OPFIND / HTTP/1.1\r\n'], false],
  ['one byte that is not of the preface', ['G'], false],
  ['nothing', [], undefined],
  ['not enough to tell', ['PRI * '], undefined],
])('%s', async (_, chunks, expected) => {
  const { server, client } = await pair();
  for (const chunk of chunks) {
    client.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await speaksHttp2(server, 200)).toBe(expected);
  const isDestroyed = expected === undefined;
  expect(server.destroyed).toBe(isDestroyed);
  if (isDestroyed) return;
  // Nothing of what was looked at is lost.
  client.end();
  expect(Buffer.concat(await server.toArray()).toString()).toBe(chunks.join(''));
});

it('who hangs up before a word is let go', async () => {
  const { server, client } = await pair();
  client.end();
  expect(await speaksHttp2(server, 10_000)).toBeUndefined();
  expect(server.destroyed).toBe(true);
});

async function pair(): Promise<{ server: Socket; client: Socket }> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = connect(listener.address() as { port: number });
  client.on('error', () => undefined);
  const [server] = (await once(listener, 'connection')) as [Socket];
  onTestFinished(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { server, client };
}
