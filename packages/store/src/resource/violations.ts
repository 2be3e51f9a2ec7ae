/** One field that is wrong: where, in proto names (`network.cidrs[2]`), and why. */
export interface Violation {
  readonly field: string;
  /** UPPER_SNAKE, for programs. */
  readonly reason: string;
  /** For people: the value and what is allowed. */
  readonly description: string;
}

/** Collects what is wrong with a request: all of it, in the order it is found. */
export class Violations {
  readonly #list: Violation[] = [];
  #tell: ((violation: Violation) => void) | undefined;

  get list(): readonly Violation[] {
    return this.#list;
  }

  get any(): boolean {
    return this.#list.length > 0;
  }

  add(field: string, reason: string, description: string): void {
    const violation = { field, reason, description };
    this.#list.push(violation);
    this.#tell?.(violation);
  }

  /** A collection for a part of the request: what is added to it is in this one too, below the path of the part. */
  within(path: string): Violations {
    const part = new Violations();
    part.#tell = ({ field, reason, description }) => this.add(`${path}.${field}`, reason, description);
    return part;
  }
}

/** A value as it appears in a description: quoted, and not longer than a line. */
export function quote(value: string): string {
  return JSON.stringify(value.length <= 80 ? value : `${value.slice(0, 77)}...`);
}
