import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { type ContextValues, createContextValues, type HandlerContext } from '@connectrpc/connect';
import type { Caller } from './access/caller.js';
import { peerKey } from './access/peer.js';

/** What a transport knows of a call. */
export interface Call {
  readonly service: DescService;
  readonly method: DescMethod;
  readonly protocolName: string;
  readonly requestMethod: string;
  readonly url: string;
  /** As of `Date.now()`; undefined: the caller named no deadline. */
  readonly expiresAt: number | undefined;
  readonly readHeader: () => Headers;
  /** The names in the certificate of the caller: see `namesOfCertificate`. Undefined: it has shown none. */
  readonly readPeer?: (() => readonly string[]) | undefined;
}

/**
 * What a handler knows of its call. Signal and headers are made when they are first asked for: most handlers never do, and
 * making and collecting them costs more than all the rest of a short call.
 *
 * Owns: whether and why the call was aborted, who is to be told, what is answered beside messages.
 * Invariant: aborted once, for the first reason; the signal is aborted if and only if the call is.
 */
export class CallContext implements HandlerContext {
  readonly service: DescService;
  readonly method: DescMethod;
  readonly protocolName: string;
  readonly requestMethod: string;
  readonly url: string;
  readonly #readHeader: () => Headers;
  readonly #readPeer: Call['readPeer'];
  /** Who makes the call, where callers are known. */
  caller: Caller | undefined;
  #expiresAt: number | undefined;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #values: ContextValues | undefined;
  #controller: AbortController | undefined;
  #abortion: { readonly reason: unknown } | undefined;
  readonly #listeners = new Set<() => void>();

  constructor({ service, method, protocolName, requestMethod, url, expiresAt, readHeader, readPeer }: Call) {
    this.service = service;
    this.method = method;
    this.protocolName = protocolName;
    this.requestMethod = requestMethod;
    this.url = url;
    this.#expiresAt = expiresAt;
    this.#readHeader = readHeader;
    this.#readPeer = readPeer;
  }

  /** The same call, whose own signal goes on to abort it. */
  static of(context: HandlerContext): CallContext {
    if (context instanceof CallContext) return context;
    const { signal, responseHeader, responseTrailer, values } = context;
    const timeoutMs = context.timeoutMs();
    const expiresAt = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
    const readPeer = values.get(peerKey);
    const call = new CallContext({ ...context, expiresAt, readHeader: () => context.requestHeader, readPeer });
    call.#responseHeader = responseHeader;
    call.#responseTrailer = responseTrailer;
    call.#values = values;
    if (signal.aborted) call.abort(signal.reason);
    else signal.addEventListener('abort', () => call.abort(signal.reason), { once: true });
    return call;
  }

  /** Ends the call for its handler. */
  abort(reason: unknown): void {
    if (this.#abortion) return;
    this.#abortion = { reason };
    this.#controller?.abort(reason);
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }

  get aborted(): boolean {
    return this.#abortion !== undefined;
  }

  /** Why it was aborted. */
  get reason(): unknown {
    return this.#abortion?.reason;
  }

  /** Calls back once, when the call is aborted from now on. Returns how to stop. */
  onAbort(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A deadline for a call without one; whoever sets it aborts the call then. */
  expireIn(timeoutMs: number): void {
    this.#expiresAt = Date.now() + timeoutMs;
  }

  /** A property, because handlers take it out of its context. */
  readonly timeoutMs = (): number | undefined =>
    this.#expiresAt === undefined ? undefined : this.#expiresAt - Date.now();

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.aborted) this.#controller.abort(this.reason);
    return this.#controller.signal;
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= this.#readHeader();
    return this.#requestHeader;
  }

  get peerNames(): readonly string[] {
    return this.#readPeer?.() ?? [];
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers();
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
    return this.#responseTrailer;
  }

  get values(): ContextValues {
    this.#values ??= createContextValues();
    return this.#values;
  }

  /** What the handler has asked for, to put something in. */
  get answered(): { readonly header: Headers | undefined; readonly trailer: Headers | undefined } {
    return { header: this.#responseHeader, trailer: this.#responseTrailer };
  }
}
