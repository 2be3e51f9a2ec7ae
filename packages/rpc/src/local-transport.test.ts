import { Code, ConnectError, createClient, type ServiceImpl } from '@connectrpc/connect';
import { errorDetails } from '@portcullis/api';
import { createLogger } from '@portcullis/runtime';
import { expect, it } from 'vitest';
import { EchoService, echoService, text, textOf } from './echo-service.fake.js';
import { notFound } from './errors.js';
import { localTransport } from './local-transport.js';

const lines: string[] = [];
const log = createLogger('test', { destination: { write: (line: string) => lines.push(JSON.parse(line).msg) } });

function clientOf(handlers: Partial<ServiceImpl<typeof EchoService>> = {}) {
  return createClient(EchoService, localTransport(echoService(handlers), log));
}

const stream = (client: ReturnType<typeof clientOf>, ...args: Parameters<typeof client.repeat>) =>
  client.repeat(...args)[Symbol.asyncIterator]();

it('hands over messages as they are, with what they leave out filled in', async () => {
  const shown = text('shown');
  const client = clientOf({
    once: () => shown,
    async *repeat(request) {
      yield shown;
      yield { said: request.said };
    },
  });
  expect(await client.once(text(''))).toBe(shown);
  const answers = stream(client, { said: { case: 'text', value: 'sent' } });
  expect((await answers.next()).value).toBe(shown);
  const { value } = await answers.next();
  expect([value.$typeName, textOf(value)]).toEqual(['echo.v1.Text', 'sent']);
  expect((await answers.next()).done).toBe(true);
});

it('passes on API errors with their details, and logs any other, of which callers learn no more than that', async () => {
  const client = clientOf({
    once: () => Promise.reject(notFound('things/a')),
    async *repeat(request) {
      yield request;
      throw new TypeError('a defect');
    },
  });
  const error = ConnectError.from(await client.once(text('')).catch((thrown: unknown) => thrown));
  expect(error.code).toBe(Code.NotFound);
  expect(error.findDetails(errorDetails.ResourceInfoSchema)).toMatchObject([{ resourceName: 'things/a' }]);
  const answers = stream(client, text('first'));
  expect(textOf((await answers.next()).value)).toBe('first');
  await expect(answers.next()).rejects.toMatchObject({ code: Code.Internal, rawMessage: 'internal error' });
  expect(lines).toEqual(['a call failed']);
});

it('ends calls whose handlers do not listen: at their deadline, and when their caller leaves', async () => {
  const client = clientOf({
    once: () => new Promise(() => undefined),
    async *repeat(request) {
      yield request;
      await new Promise(() => undefined);
    },
  });
  await expect(client.once(text(''), { timeoutMs: 10 })).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  const leaving = new AbortController();
  const answers = stream(client, text(''), { signal: leaving.signal });
  await answers.next();
  leaving.abort();
  await expect(answers.next()).rejects.toMatchObject({ code: Code.Canceled });
  const { signal } = leaving;
  await expect(client.once(text(''), { signal })).rejects.toMatchObject({ code: Code.Canceled });
});

it('tells handlers of their deadline, of what callers send beside, and when the call is over', async () => {
  let signal: AbortSignal | undefined;
  const client = clientOf({
    once: (_request, context) => {
      signal = context.signal;
      return text(`${context.requestHeader.get('a')} ${(context.timeoutMs() ?? 0) > 1000}`);
    },
  });
  expect(textOf(await client.once(text(''), { headers: { a: 'b' }, timeoutMs: 9000 }))).toBe('b true');
  expect(signal?.aborted).toBe(true);
});

it('serves neither other services nor calls with many requests', async () => {
  const none = createClient(EchoService, localTransport({ registrations: [] }, log));
  const refused = { code: Code.Unimplemented };
  await expect(none.once(text(''))).rejects.toMatchObject(refused);
  await expect(stream(none, text('')).next()).rejects.toMatchObject(refused);
  await expect(clientOf().join((async function* () {})())).rejects.toMatchObject(refused);
});
