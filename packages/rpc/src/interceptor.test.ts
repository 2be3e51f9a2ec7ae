import { Code, ConnectError, createHandlerContext, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import { expect, it } from 'vitest';
import { EchoService, echoService, text, textOf } from './echo-service.fake.js';
import { type Interceptor, intercept, passOn } from './interceptor.js';

type Handlers = ServiceImpl<typeof EchoService>;

function intercepted(handlers: Partial<Handlers>, ...interceptors: Interceptor[]): Handlers {
  const [registration] = echoService(handlers).registrations;
  if (!registration) throw new TypeError('the service registers itself');
  return intercept(registration, interceptors).handlers as unknown as Handlers;
}

function contextOf(method: 'once' | 'repeat') {
  const { [method]: desc } = EchoService.method;
  const init = { service: EchoService, method: desc, protocolName: 'grpc', requestMethod: 'POST', url: 'http://h/' };
  return createHandlerContext(init);
}

/** Notes what it sees, and passes everything on. */
function noting(notes: string[], name = ''): Interceptor {
  return () => {
    notes.push(`${name}begin`);
    return (thrown) => {
      notes.push(`${name}end ${thrown === undefined ? 'OK' : ConnectError.from(thrown).rawMessage}`);
      return thrown;
    };
  };
}

it('the first interceptor is the outermost', async () => {
  const notes: string[] = [];
  const { once } = intercepted({}, noting(notes, 'a '), noting(notes, 'b '));
  await once(text('x'), contextOf('once'));
  expect(notes).toEqual(['a begin', 'b begin', 'b end OK', 'a end OK']);
});

it('an error is what the outermost interceptor says it is', async () => {
  const notes: string[] = [];
  const replacing: Interceptor = () => () => new ConnectError('replaced', Code.Aborted);
  const once = () => {
    throw new Error('original');
  };
  const handlers = intercepted({ once }, noting(notes, 'out '), replacing, noting(notes, 'in '));
  await expect(handlers.once(text('x'), contextOf('once'))).rejects.toThrow('replaced');
  expect(notes).toEqual(['out begin', 'in begin', 'in end original', 'out end replaced']);
});

it('an interceptor ends a call by aborting it, and the handler hears of it', async () => {
  const aborting: Interceptor = (context) => {
    setImmediate(() => context.abort(new Error('enough')));
    return passOn;
  };
  let heard: unknown;
  const once = (_request: unknown, { signal }: HandlerContext) =>
    new Promise<never>(() => {
      signal.addEventListener('abort', () => {
        heard = signal.reason;
      });
    });
  await expect(intercepted({ once }, aborting).once(text('x'), contextOf('once'))).rejects.toThrow('enough');
  expect(heard).toMatchObject({ message: 'enough' });
});

it('a call ends when its signal aborts, whatever its handler does', async () => {
  const notes: string[] = [];
  const handlers = intercepted({ once: () => new Promise(() => undefined) }, noting(notes));
  const context = contextOf('once');
  const call = handlers.once(text('x'), context);
  context.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  expect(notes).toEqual(['begin', 'end enough']);
});

it('a stream ends when its signal aborts, whatever its handler does', async () => {
  const notes: string[] = [];
  async function* repeat() {
    yield text('first');
    await new Promise(() => undefined);
  }
  const context = contextOf('repeat');
  const stream = intercepted({ repeat }, noting(notes)).repeat(text('x'), context)[Symbol.asyncIterator]();
  await stream.next();
  const next = stream.next();
  context.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
  expect(notes).toEqual(['begin', 'end enough']);
});

it('a stream whose handler stops because its signal aborted has not succeeded', async () => {
  const context = contextOf('repeat');
  async function* repeat() {
    yield text('first');
    context.abort(new Error('enough'));
  }
  const stream = intercepted({ repeat }).repeat(text('x'), context)[Symbol.asyncIterator]();
  await stream.next();
  await expect(stream.next()).rejects.toThrow('enough');
});

it('a stream whose reader leaves runs the finally of its handler, and ends once', async () => {
  const notes: string[] = [];
  async function* repeat() {
    try {
      for (;;) yield text('again');
    } finally {
      notes.push('finally');
    }
  }
  for await (const each of intercepted({ repeat }, noting(notes)).repeat(text('x'), contextOf('repeat'))) {
    expect(textOf(each as ReturnType<typeof text>)).toBe('again');
    break;
  }
  expect(notes).toEqual(['begin', 'end the reader has left', 'finally']);
});

it('a stream that was not read has not begun', () => {
  const notes: string[] = [];
  intercepted({}, noting(notes)).repeat(text('x'), contextOf('repeat'));
  expect(notes).toEqual([]);
});

it('a call that an interceptor aborts at its beginning never reaches its handler', async () => {
  const reached: string[] = [];
  const notes: string[] = [];
  const refusing: Interceptor = (context, request) => {
    context.abort(new ConnectError(`no ${textOf(request as ReturnType<typeof text>)}`, Code.PermissionDenied));
    return passOn;
  };
  const { once, repeat } = intercepted(
    {
      once: () => {
        reached.push('once');
        return text('');
      },
      async *repeat() {
        reached.push('repeat');
        yield text('');
      },
    },
    noting(notes),
    refusing,
  );
  const expected = { code: Code.PermissionDenied, rawMessage: 'no x' };
  await expect(once(text('x'), contextOf('once'))).rejects.toMatchObject(expected);
  const answers = repeat(text('x'), contextOf('repeat'))[Symbol.asyncIterator]();
  await expect(answers.next()).rejects.toMatchObject(expected);
  expect(reached).toEqual([]);
  expect(notes).toEqual(['begin', 'end no x', 'begin', 'end no x']);
});
