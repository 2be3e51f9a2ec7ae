import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Caller } from './caller.js';

/** How a caller is recognised: by any one of these. */
export interface Credentials {
  /** SHA-256 of bearer tokens, in hex. */
  readonly tokens: readonly string[];
  /** Names in certificates, as in `namesOfCertificate`. */
  readonly certificates: readonly string[];
}

/** What a call shows: its `authorization` header, and the names in the certificate of its connection. */
export interface Shown {
  readonly authorization: string | null;
  readonly certificateNames: () => readonly string[];
}

const bearer = /^Bearer ([\w.~+/-]+=*)$/i;

/** All who are known. No two of them share a credential. */
export class Callers {
  /** Makes what is compared differ from process to process: how long a comparison takes then tells nothing of a token. */
  readonly #key = randomBytes(32);
  readonly #byToken = new Map<string, Caller>();
  readonly #byCertificate = new Map<string, Caller>();

  constructor(known: readonly { caller: Caller; credentials: Credentials }[]) {
    for (const { caller, credentials } of known) {
      for (const hash of credentials.tokens) this.#byToken.set(this.#seal(hash), caller);
      for (const name of credentials.certificates) this.#byCertificate.set(name, caller);
    }
  }

  /** Undefined when nobody is recognised. A token decides alone: a wrong one is not made good by a certificate. */
  find({ authorization, certificateNames }: Shown): Caller | undefined {
    if (authorization === null) return this.#findByCertificate(certificateNames());
    const token = bearer.exec(authorization)?.[1];
    if (token === undefined) return undefined;
    return this.#byToken.get(this.#seal(createHash('sha256').update(token).digest('hex')));
  }

  #findByCertificate(names: readonly string[]): Caller | undefined {
    const found = new Set(names.flatMap((name) => this.#byCertificate.get(name) ?? []));
    // A certificate of two callers is of neither.
    return found.size === 1 ? [...found][0] : undefined;
  }

  #seal(hash: string): string {
    return createHmac('sha256', this.#key).update(hash).digest('base64');
  }
}
