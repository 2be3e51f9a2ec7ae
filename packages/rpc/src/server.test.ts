import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { errorDetails } from '@portcullis/api';
import { createLogger } from '@portcullis/runtime';
import { describe, expect, it } from 'vitest';
import { EchoService, echoService, text, textOf } from './echo-service.fake.js';
import { failedPrecondition, invalidArgument } from './errors.js';
import { dial, serve, temporaryFolder } from './running-server.fake.js';

const clients: Record<string, (baseUrl: string) => Transport> = {
  gRPC: (baseUrl) => dial(baseUrl),
  'gRPC of connect-node': (baseUrl) => createGrpcTransport({ baseUrl }),
  'gRPC-Web': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
  'Connect, JSON': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
  'Connect, binary': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: true }),
};

async function echo(transportOf: (baseUrl: string) => Transport, handlers: Parameters<typeof echoService>[0] = {}) {
  const { address } = await serve({ services: [echoService(handlers)] });
  return createClient(EchoService, transportOf(address));
}

async function errorOf(promise: Promise<unknown>): Promise<ConnectError> {
  return promise.then(
    () => expect.fail('nothing was thrown'),
    (error: unknown) => ConnectError.from(error),
  );
}

async function wordsOf(stream: AsyncIterable<Parameters<typeof textOf>[0]>): Promise<string[]> {
  const words: string[] = [];
  for await (const each of stream) words.push(textOf(each));
  return words;
}

describe.each(Object.entries(clients))('over %s', (_, transportOf) => {
  it('a call is answered', async () => {
    const client = await echo(transportOf);
    expect(textOf(await client.once(text('hello')))).toBe('hello');
  });

  it('a stream arrives whole and in order', async () => {
    const client = await echo(transportOf);
    const words = Array.from({ length: 1000 }, (_each, i) => `w${i}`);
    expect(await wordsOf(client.repeat(text(words.join(' '))))).toEqual(words);
  });

  it('an empty stream ends well', async () => {
    const client = await echo(transportOf, { async *repeat() {} });
    expect(await wordsOf(client.repeat(text('nothing')))).toEqual([]);
  });

  it('requests may come as a stream', async () => {
    const client = await echo(transportOf);
    const requests = (async function* () {
      yield text('a');
      yield text('b');
    })();
    expect(textOf(await client.join(requests))).toBe('a b');
  });

  it('a handler may answer before it has read all requests', async () => {
    const client = await echo(transportOf, {
      async join(requests) {
        for await (const first of requests) return first;
        return text('nothing');
      },
    });
    const requests = (async function* () {
      for (let i = 0; i < 100; i += 1) yield text(`${i}`);
    })();
    expect(textOf(await client.join(requests))).toBe('0');
  });

  it('errors carry their details', async () => {
    const violation = { field: 'rule.start_port', reason: 'OUT_OF_RANGE', description: '70000 is no “port”, 100 %' };
    const client = await echo(transportOf, {
      once() {
        throw invalidArgument([violation]);
      },
    });
    const error = await errorOf(client.once(text('')));
    expect(error).toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: expect.stringContaining('no “port”, 100 %'),
    });
    expect(error.findDetails(errorDetails.ErrorInfoSchema)).toMatchObject([{ reason: 'OUT_OF_RANGE' }]);
    expect(error.findDetails(errorDetails.BadRequestSchema)).toMatchObject([{ fieldViolations: [violation] }]);
  });

  it('a stream may fail after it has begun', async () => {
    const client = await echo(transportOf, {
      async *repeat() {
        yield text('first');
        throw failedPrecondition('IN_USE', 'still in use', [{ subject: 's', description: 'd' }]);
      },
    });
    const heard: string[] = [];
    const error = await errorOf(
      (async () => {
        for await (const each of client.repeat(text(''))) heard.push(textOf(each));
      })(),
    );
    expect(heard).toEqual(['first']);
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(error.findDetails(errorDetails.PreconditionFailureSchema)).toHaveLength(1);
  });

  it('a defect is INTERNAL to the caller, who learns no more', async () => {
    const client = await echo(transportOf, {
      once() {
        throw new Error('password of the database');
      },
    });
    expect(await errorOf(client.once(text('')))).toMatchObject({ code: Code.Internal, rawMessage: 'internal error' });
  });

  it('a deadline ends the call of a handler that does not listen, and its signal aborts', async () => {
    const aborted = deferred<unknown>();
    const client = await echo(transportOf, {
      once(_request, { signal, timeoutMs }) {
        expect(timeoutMs()).toBeLessThanOrEqual(100);
        signal.addEventListener('abort', () => aborted.resolve(signal.reason));
        return new Promise<never>(() => undefined);
      },
    });
    const error = await errorOf(client.once(text(''), { timeoutMs: 100 }));
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(await aborted.promise).toBeInstanceOf(Error);
  });

  it('who leaves a stream aborts its handler', async () => {
    const aborted = deferred<string>();
    const client = await echo(transportOf, {
      async *repeat(_request, { signal }) {
        yield text('first');
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        aborted.resolve('aborted');
      },
    });
    const leaving = new AbortController();
    const error = await errorOf(
      (async () => {
        for await (const _each of client.repeat(text(''), { signal: leaving.signal })) leaving.abort();
      })(),
    );
    expect(error.code).toBe(Code.Canceled);
    expect(await aborted.promise).toBe('aborted');
  });

  it('who leaves a call aborts its handler', async () => {
    const aborted = deferred<string>();
    const leaving = new AbortController();
    const client = await echo(transportOf, {
      once(_request, { signal }) {
        signal.addEventListener('abort', () => aborted.resolve('aborted'));
        leaving.abort();
        return new Promise<never>(() => undefined);
      },
    });
    const error = await errorOf(client.once(text(''), { signal: leaving.signal }));
    expect(error.code).toBe(Code.Canceled);
    expect(await aborted.promise).toBe('aborted');
  });

  it('a message that is too large is RESOURCE_EXHAUSTED, and the server goes on', async () => {
    const client = await echo(transportOf);
    const error = await errorOf(client.once(text('x'.repeat(4 * 1024 * 1024 + 1))));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(textOf(await client.once(text('next')))).toBe('next');
  });

  it('headers and trailers pass both ways, binary ones too', async () => {
    const client = await echo(transportOf, {
      once(request, { requestHeader, responseHeader, responseTrailer }) {
        responseHeader.set('x-header', `${requestHeader.get('x-asked')}!`);
        responseTrailer.set('x-trailer-bin', requestHeader.get('x-asked-bin') ?? '');
        return request;
      },
    });
    let header = new Headers();
    let trailer = new Headers();
    await client.once(text(''), {
      headers: { 'x-asked': 'yes', 'x-asked-bin': 'AP8=' },
      onHeader: (each) => {
        header = each;
      },
      onTrailer: (each) => {
        trailer = each;
      },
    });
    expect(header.get('x-header')).toBe('yes!');
    expect(trailer.get('x-trailer-bin')).toMatch(/^AP8=?$/);
  });
});

describe.each([
  ['gRPC', clients.gRPC],
  ['gRPC of connect-node', clients['gRPC of connect-node']],
] as const)('over %s', (_, transportOf) => {
  it('both sides may talk in turns', async () => {
    const client = await echo(transportOf as (baseUrl: string) => Transport);
    const heard: string[] = [];
    let next = deferred<string>();
    next.resolve('a');
    const requests = (async function* () {
      for (;;) {
        const word = await next.promise;
        next = deferred();
        if (word === '') return;
        yield text(word);
      }
    })();
    for await (const each of client.converse(requests)) {
      heard.push(textOf(each));
      next.resolve(heard.length < 3 ? `${textOf(each)}b` : '');
    }
    expect(heard).toEqual(['A', 'AB', 'ABB']);
  });
});

it('bytes that are no message are an error of the caller, and the server goes on', async () => {
  const { address } = await serve({ services: [echoService()] });
  const client = new Client(address.replace('http://', ''), credentials.createInsecure());
  const call = (bytes: Buffer) =>
    new Promise<ServiceError | null>((resolve) => {
      const same = (each: Buffer) => each;
      client.makeUnaryRequest('/echo.v1.EchoService/Once', same, same, bytes, (error) => resolve(error));
    });
  expect(await call(Buffer.from([0xff, 0xff, 0xff]))).toMatchObject({
    code: 13,
    details: 'Error deserializing request',
  });
  expect(await call(Buffer.alloc(0))).toBeNull();
  client.close();
});

it('a method that is not there is UNIMPLEMENTED', async () => {
  const { address } = await serve();
  const error = await errorOf(createClient(EchoService, dial(address)).once(text('')));
  expect(error.code).toBe(Code.Unimplemented);
});

it('an answer that cannot be encoded is INTERNAL', async () => {
  const client = await echo((baseUrl) => dial(baseUrl), {
    once: () => ({ said: { case: 'text', value: Symbol('no text') as never } }),
  });
  expect((await errorOf(client.once(text('')))).code).toBe(Code.Internal);
});

it('a reader that does not read stops the handler from writing', async () => {
  let writtenCount = 0;
  const client = await echo((baseUrl) => dial(baseUrl), {
    async *repeat() {
      for (; writtenCount < 10_000; writtenCount += 1) yield text('x'.repeat(16 * 1024));
    },
  });
  const leaving = new AbortController();
  const stream = client.repeat(text(''), { signal: leaving.signal })[Symbol.asyncIterator]();
  await stream.next();
  let before = -1;
  while (before !== writtenCount) {
    before = writtenCount;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(writtenCount).toBeLessThan(200);
  leaving.abort();
  await errorOf(stream.next());
});

it('a defect is logged with its cause, once', async () => {
  const lines: string[] = [];
  const log = createLogger('test', { destination: { write: (line) => lines.push(line) } });
  const failing = echoService({
    once() {
      throw new Error('the real cause');
    },
  });
  const { address } = await serve({ services: [failing], log });
  await errorOf(createClient(EchoService, dial(address)).once(text('')));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 50, service: 'echo.v1.EchoService', method: 'Once', err: { message: 'the real cause' } },
  ]);
});

it('a Unix socket serves as a port does', async () => {
  const path = `${await temporaryFolder()}/echo.sock`;
  const { address } = await serve({ listen: `unix:${path}`, services: [echoService()] });
  expect(address).toBe(`unix:${path}`);
  expect(textOf(await createClient(EchoService, dial(address)).once(text('hello')))).toBe('hello');
});

it('a service without a handler for each method does not start', async () => {
  const incomplete = echoService({ once: undefined as never });
  await expect(serve({ services: [incomplete] })).rejects.toThrow('echo.v1.EchoService has no handler for Once');
});

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
