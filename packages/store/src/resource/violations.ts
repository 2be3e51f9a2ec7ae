/** One field that is wrong: where, in proto names (`network.cidrs[2]`), and why. */
export interface Violation {
  readonly field: string;
  /** UPPER_SNAKE, for programs. */
  readonly reason: string;
  /** For people: the value and what is allowed. */
  readonly description: string;
}

/** More would not fit the trailers that every gRPC client accepts (8 KB). */
const maxListed = 20;

/** Collects what is wrong with a request, all of it. */
export class Violations {
  readonly #listed: Violation[] = [];
  #count = 0;

  add(field: string, reason: string, description: string): void {
    this.#count += 1;
    if (this.#count <= maxListed) this.#listed.push({ field, reason, description });
  }

  get any(): boolean {
    return this.#count > 0;
  }

  /** In the order they were found; beyond twenty the last one says how many more there are. */
  get list(): Violation[] {
    const more = this.#count - this.#listed.length;
    const last = this.#listed.at(-1);
    if (more === 0 || last === undefined) return [...this.#listed];
    return [...this.#listed, { field: last.field, reason: 'MORE_VIOLATIONS', description: `and ${more} more` }];
  }
}

/** A value as it appears in a description: quoted, and not longer than a line. */
export function quote(value: string | number): string {
  if (typeof value === 'number') return String(value);
  return JSON.stringify(value.length <= 80 ? value : `${value.slice(0, 77)}...`);
}
