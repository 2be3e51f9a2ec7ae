/** A document, by its name. */
export interface Holder {
  readonly kind: string;
  readonly name: string;
}

/** The claims of each document, as somebody knows them. */
export type ClaimsOfDocument = (document: Holder) => readonly string[];

const none: readonly string[] = [];

/**
 * Which document has which claims.
 *
 * Owns: both directions.
 * Invariant: a claim has one holder; who is given it last has it, also before the other has given it up.
 */
export class Claims {
  readonly #holders = new Map<string, Holder>();
  readonly #ofKind = new Map<string, Map<string, readonly string[]>>();

  holderOf(claim: string): Holder | undefined {
    return this.#holders.get(claim);
  }

  of({ kind, name }: Holder): readonly string[] {
    return this.#ofKind.get(kind)?.get(name) ?? none;
  }

  /** Gives a document these claims and no other. */
  set(document: Holder, claims: readonly string[]): void {
    const { kind, name } = document;
    for (const claim of this.of(document)) {
      if (isSame(this.#holders.get(claim), document)) this.#holders.delete(claim);
    }
    for (const claim of claims) this.#holders.set(claim, document);
    const ofKind = this.#ofKind.get(kind) ?? new Map<string, readonly string[]>();
    this.#ofKind.set(kind, ofKind);
    if (claims.length > 0) ofKind.set(name, claims);
    else ofKind.delete(name);
  }

  clear(): void {
    this.#holders.clear();
    this.#ofKind.clear();
  }
}

export function isSame(a: Holder | undefined, b: Holder): boolean {
  return a?.kind === b.kind && a.name === b.name;
}
