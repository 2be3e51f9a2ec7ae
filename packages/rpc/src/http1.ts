import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createContextValues } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { Registry } from 'prom-client';
import { namesOfSocket, peerKey } from './access/peer.js';
import { maxMessageBytes } from './limits.js';
import type { Readiness } from './readiness.js';
import type { Registration } from './registration.js';

/** What is served over HTTP/1.1: Connect and gRPC-Web, `/healthz` and `/metrics`. */
export function http1Listener(
  registrations: readonly Registration[],
  { readiness, registry }: { readiness: Readiness; registry: Registry },
): RequestListener {
  const connect = connectNodeAdapter({
    routes: (router) => {
      for (const { service, handlers } of registrations) router.service(service, handlers);
    },
    grpc: false,
    acceptCompression: [],
    contextValues: ({ socket }) => createContextValues().set(peerKey, () => namesOfSocket(socket)),
    // A field that is misspelt and passed over would make a rule wider than it was meant.
    jsonOptions: { ignoreUnknownFields: false },
    readMaxBytes: maxMessageBytes,
    fallback: (_, response) => sendText(response as ServerResponse, 404, notFoundText),
  });
  return (request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path === '/healthz') sendHealth(response, readiness);
    else if (path === '/metrics') void sendMetrics(response, registry);
    else connectOr400(connect, request, response);
  };
}

const notFoundText =
  'There is nothing here. There are gRPC, Connect and gRPC-Web under /package.Service/Method, /healthz and /metrics.\n';

/** The adapter throws at requests whose address makes no URL. */
function connectOr400(
  connect: ReturnType<typeof connectNodeAdapter>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  try {
    connect(request, response);
  } catch {
    sendText(response, 400, 'The request has no valid Host or path.\n');
  }
}

function sendHealth(response: ServerResponse, readiness: Readiness): void {
  const services = Object.fromEntries(
    [...readiness.services].map((service) => [service, readiness.of(service) ? 'SERVING' : 'NOT_SERVING']),
  );
  const ready = readiness.of('') === true;
  response.writeHead(ready ? 200 : 503, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ status: ready ? 'SERVING' : 'NOT_SERVING', services })}\n`);
}

async function sendMetrics(response: ServerResponse, registry: Registry): Promise<void> {
  try {
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType });
    response.end(text);
  } catch {
    sendText(response, 500, 'The metrics could not be read.\n');
  }
}

function sendText(response: ServerResponse, statusCode: number, text: string): void {
  response.writeHead(statusCode, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}
