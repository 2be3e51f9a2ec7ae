type Handler = (...args: never[]) => unknown;

/**
 * The same handlers, whose errors are passed through `translate`: what the store throws means something to callers only in
 * the words of the API. Streams are translated as well, also half way.
 */
export function translateErrors<Handlers extends object>(
  handlers: Handlers,
  translate: (error: unknown) => unknown,
): Handlers {
  const translated = Object.entries(handlers).map(([name, handler]) => [name, wrap(handler as Handler, translate)]);
  return Object.fromEntries(translated) as Handlers;
}

function wrap(handler: Handler, translate: (error: unknown) => unknown): Handler {
  return (...args) => {
    const answer = handler(...args);
    if (isStream(answer)) return translateStream(answer, translate);
    return Promise.resolve(answer).catch((error) => {
      throw translate(error);
    });
  };
}

async function* translateStream(stream: AsyncIterable<unknown>, translate: (error: unknown) => unknown) {
  try {
    yield* stream;
  } catch (error) {
    throw translate(error);
  }
}

function isStream(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}
