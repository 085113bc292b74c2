/** A value of a Python literal, as CherryPy's configuration files hold it. */
export type PythonLiteral = string | number | boolean | null | readonly PythonLiteral[];

/**
 * Parses a Python literal: a string, number, `True`, `False`, `None`, or a list or tuple of these.
 *
 * @returns `undefined` for any other text, such as a call; `null` for Python's `None`
 */
export function parsePythonLiteral(source: string): PythonLiteral | undefined {
  const reader = new LiteralReader(source);
  try {
    return reader.readAll();
  } catch (error) {
    if (error instanceof NotALiteral) return undefined;
    throw error;
  }
}

class NotALiteral extends Error {}

const words = new Map<string | undefined, PythonLiteral>([
  ['True', true],
  ['False', false],
  ['None', null],
]);

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** Deepest nesting of lists; Python itself stops at twice that. */
const MAX_DEPTH = 100;

/** Space between the items of a list; outside of a list, a line end can only be the last character. */
const space = /[ \t\f\n]*/y;

/** Parses by position: cutting off each parsed part would copy the rest every time. */
class LiteralReader {
  readonly #source: string;
  #position: number;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#position = endOfMatch(/[ \t]*/y, source, 0);
  }

  readAll(): PythonLiteral {
    const value = this.#value();
    if (this.#position < this.#source.length) throw new NotALiteral();
    return value;
  }

  #value(): PythonLiteral {
    if (this.#take(/\[/y)) return this.#items(/\]/y).items;
    if (this.#take(/\(/y)) {
      const {items, isOpen} = this.#items(/\)/y);
      const [only] = items;
      // Parentheses around one value mean nothing; the comma makes the tuple.
      return only !== undefined && items.length === 1 && !isOpen ? only : items;
    }
    const quoted = this.#take(/[uU]?(?:'((?:[^'\\\n\r\0]|\\[^\r\0])*)'|"((?:[^"\\\n\r\0]|\\[^\r\0])*)")/y);
    if (quoted !== null) return unescape(quoted[1] ?? quoted[2] ?? '');
    const number = this.#take(/[+-]?(?:0+(?!\d)|[1-9]\d*)(?:\.\d+)?(?![\w.])/y)?.[0];
    if (number !== undefined) return Number(number);
    const word = words.get(this.#take(/[A-Za-z]+(?!\w)/y)?.[0]);
    if (word === undefined) throw new NotALiteral();
    return word;
  }

  /** @returns the items before the closing bracket, and whether a comma is the last character before it */
  #items(end: RegExp): {items: readonly PythonLiteral[]; isOpen: boolean} {
    if (++this.#depth > MAX_DEPTH) throw new NotALiteral();
    const items: PythonLiteral[] = [];
    let isOpen = true;
    while (!this.#take(end)) {
      if (!isOpen) throw new NotALiteral();
      items.push(this.#value());
      isOpen = this.#take(/,/y) !== null;
    }
    this.#depth--;
    return {items, isOpen};
  }

  /** @param pattern must be sticky */
  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#source);
    if (match !== null) this.#position = endOfMatch(space, this.#source, pattern.lastIndex);
    return match;
  }
}

/** Returns the end of the match of a sticky pattern that always matches. */
function endOfMatch(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start;
  pattern.test(text);
  return pattern.lastIndex;
}

const escape = /\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([^]))/g;

function unescape(body: string): string {
  return body.replaceAll(
    escape,
    (whole, octal?: string, x?: string, u?: string, U?: string, other?: string) => {
      const code = octal === undefined ? Number.parseInt(x ?? u ?? U ?? '', 16) : Number.parseInt(octal, 8);
      if (code <= 0x10_ff_ff) return String.fromCodePoint(code);
      // Python rejects these if they are incomplete; this parser does not know the names of characters.
      if (other === undefined || 'xuUN'.includes(other)) throw new NotALiteral();
      return escapes[other] ?? whole;
    },
  );
}
