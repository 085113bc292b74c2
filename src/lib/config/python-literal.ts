/** A value that Python source can spell out: what CherryPy's configuration files hold. */
export type PythonLiteral = string | number | boolean | null | readonly PythonLiteral[];

/**
 * Reads a Python literal: a string, number, `True`, `False`, `None`, or a list or tuple of these.
 *
 * @returns `undefined` for any other text, such as a call; `null` is Python's `None`
 */
export function readPythonLiteral(source: string): PythonLiteral | undefined {
  const reader = new LiteralReader(source);
  try {
    return reader.readAll();
  } catch (error) {
    if (error instanceof NotALiteral) return undefined;
    throw error;
  }
}

class NotALiteral extends Error {}

const words: Readonly<Record<string, PythonLiteral>> = {True: true, False: false, None: null};

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

class LiteralReader {
  #rest: string;

  constructor(source: string) {
    this.#rest = source.trim();
  }

  readAll(): PythonLiteral {
    const value = this.#value();
    if (this.#rest !== '') throw new NotALiteral();
    return value;
  }

  #value(): PythonLiteral {
    if (this.#take(/^\[/)) return this.#items(/^\]/);
    if (this.#take(/^\(/)) return this.#items(/^\)/);
    const quoted = this.#take(/^[uU]?(?:'((?:[^'\\\n]|\\[^])*)'|"((?:[^"\\\n]|\\[^])*)")/);
    if (quoted !== null) return unescape(quoted[1] ?? quoted[2] ?? '');
    const number = this.#take(/^[+-]?\d+(?:\.\d+)?(?![\w.])/)?.[0];
    if (number !== undefined) return Number(number);
    const word = words[this.#take(/^[A-Za-z]+(?!\w)/)?.[0] ?? ''];
    if (word === undefined) throw new NotALiteral();
    return word;
  }

  #items(end: RegExp): readonly PythonLiteral[] {
    const items: PythonLiteral[] = [];
    while (!this.#take(end)) {
      items.push(this.#value());
      if (this.#take(/^,/)) continue;
      if (this.#take(end)) break;
      throw new NotALiteral();
    }
    return items;
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    const match = pattern.exec(this.#rest);
    if (match !== null) this.#rest = this.#rest.slice(match[0].length).trimStart();
    return match;
  }
}

function unescape(body: string): string {
  return body.replaceAll(/\\([^])/g, (whole, escaped: string) => escapes[escaped] ?? whole);
}
