/**
 * Splits one line of restore text into its words, as iptables-restore and ipset do: blanks separate, quotes join,
 * a backslash inside quotes keeps the next character.
 */
function tokenize(line: string): string[] {
  const words: string[] = [];
  for (const [, quoted, bare] of line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)) {
    words.push(quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'));
  }
  return words;
}

/** The words of a line, taken one by one. */
export class Words {
  readonly #words: readonly string[];
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
    this.#words = tokenize(line);
  }

  get isEmpty(): boolean {
    return this.#at >= this.#words.length;
  }

  peek(): string | undefined {
    return this.#words[this.#at];
  }

  next(): string {
    const word = this.#words[this.#at];
    if (word === undefined) return this.refuse('ends too early');
    this.#at += 1;
    return word;
  }

  nextIs(word: string): boolean {
    if (this.peek() !== word) return false;
    this.#at += 1;
    return true;
  }

  refuse(reason: string): never {
    throw new Error(`${reason}: ${this.#line}`);
  }
}
