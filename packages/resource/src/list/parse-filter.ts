/** What a filter says; see `compileFilter` for what it means. */
export type Filter =
  | { readonly case: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly case: 'not'; readonly part: Filter }
  | { readonly case: 'comparison'; readonly comparison: Comparison };

export interface Comparison {
  /** `display_name`, `labels.tier` */
  readonly path: string;
  readonly operator: '=' | '!=' | ':';
  readonly value: string;
  /** Of the path and of the value in the text, from 1. */
  readonly pathAt: number;
  readonly valueAt: number;
}

/** A filter that cannot be understood. */
export class FilterError extends Error {
  override readonly name = 'FilterError';

  /** `at`: position in the text, from 1. */
  constructor(
    readonly at: number,
    description: string,
  ) {
    super(`position ${at}: ${description}`);
  }
}

interface Token {
  readonly kind: 'word' | 'text' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const maxLength = 2048;
const maxDepth = 16;
const pattern = /\s*(?:([A-Za-z0-9_./*-]+)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(!=|[=:()]))/y;

/**
 * Reads a filter: a subset of AIP-160. Comparisons with `=`, `!=` and `:`, joined by AND, OR and NOT, with parentheses. OR
 * binds more tightly than AND, as AIP-160 has it. Throws `FilterError`.
 */
export function parseFilter(text: string): Filter {
  if (text.length > maxLength) throw new FilterError(maxLength + 1, `is longer than ${maxLength} characters`);
  return new Parser(tokensOf(text)).parse();
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match) {
      const at = from + (/\S/.exec(text.slice(from))?.index ?? 0);
      throw new FilterError(at + 1, `${JSON.stringify(text.charAt(at))} has no meaning here`);
    }
    const [all, word, double, single, sign = ''] = match;
    const at = from + all.search(/\S/) + 1;
    const quoted = double ?? single;
    if (word !== undefined) tokens.push({ kind: 'word', text: word, at });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replaceAll(/\\(.)/gs, '$1'), at });
    else tokens.push({ kind: 'sign', text: sign, at });
  }
  tokens.push({ kind: 'end', text: '', at: end + 1 });
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Filter {
    const filter = this.#joined('and');
    const rest = this.#peek();
    if (rest.kind !== 'end') throw new FilterError(rest.at, 'AND or OR is missing');
    return filter;
  }

  #joined(by: 'and' | 'or'): Filter {
    const part = () => (by === 'and' ? this.#joined('or') : this.#term());
    const parts = [part()];
    while (this.#take('word', by.toUpperCase())) parts.push(part());
    return parts.length === 1 && parts[0] ? parts[0] : { case: by, parts };
  }

  #term(): Filter {
    const { at } = this.#peek();
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new FilterError(at, `is nested more than ${maxDepth} deep`);
    const filter = this.#simple();
    this.#depth -= 1;
    return filter;
  }

  #simple(): Filter {
    if (this.#take('word', 'NOT')) return { case: 'not', part: this.#term() };
    if (!this.#take('sign', '(')) return { case: 'comparison', comparison: this.#comparison() };
    const inner = this.#joined('and');
    if (!this.#take('sign', ')')) throw new FilterError(this.#peek().at, '")" is missing');
    return inner;
  }

  #comparison(): Comparison {
    const path = this.#peek();
    if (path.kind !== 'word' || ['AND', 'OR'].includes(path.text)) throw new FilterError(path.at, 'a field is missing');
    this.#next += 1;
    const operator = this.#peek();
    if (operator.kind !== 'sign' || !['=', '!=', ':'].includes(operator.text)) {
      throw new FilterError(operator.at, '=, != or : is missing');
    }
    this.#next += 1;
    const value = this.#peek();
    if (value.kind !== 'word' && value.kind !== 'text') throw new FilterError(value.at, 'a value is missing');
    this.#next += 1;
    return {
      path: path.text,
      operator: operator.text as Comparison['operator'],
      value: value.text,
      pathAt: path.at,
      valueAt: value.at,
    };
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: 1 };
  }

  #take(kind: Token['kind'], text: string): boolean {
    const token = this.#peek();
    const isThere = token.kind === kind && token.text === text;
    if (isThere) this.#next += 1;
    return isThere;
  }
}
