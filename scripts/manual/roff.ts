/** Columns of a source line; `mandoc -T lint` reports lines of 80 and more. */
const WIDTH = 76;

/** Escapes text for roff, so that every character prints as itself, also quotes and hyphens of code. */
function escape(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '\\': '\\e',
    '-': '\\-',
    "'": '\\(aq',
    '`': '\\(ga',
    '^': '\\(ha',
    '~': '\\(ti',
    '"': '\\(dq',
  };
  return text
    .replaceAll(/[\\'`^~"]/g, (character) => names[character] ?? character)
    .replaceAll(/(?<![a-z])-|-(?![a-z])/gi, '\\-')
    .replaceAll(/[^\n -~]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
    });
}

export const bold = (text: string): string => `\\fB${escape(text)}\\fR`;

export const italic = (text: string): string => `\\fI${escape(text)}\\fR`;

/** Returns the roff of a text with code between backticks; empty lines separate paragraphs. */
export function text(markdown: string): string {
  return markdown
    .split(/\n\n+/)
    .map((paragraph) =>
      fill(
        paragraph
          .split(/(`[^`]+`)/)
          .map((part) => (/^`[^`]+`$/.test(part) ? bold(part.slice(1, -1)) : escape(part)))
          .join(''),
      ),
    )
    .join('.PP\n');
}

/** Returns a reference to another page, such as `uniqueid-getid(1)`. */
export const reference = (page: string, section: number): string => `.BR ${page} (${section})`;

/** Returns references as one paragraph, separated by commas. */
export function references(pages: readonly (readonly [string, number])[]): string {
  return pages
    .map(([page, section], index) => `${reference(page, section)}${index === pages.length - 1 ? '' : ' ,'}\n`)
    .join('');
}

/** Returns an entry of a list: a term and, indented below it, what it means. */
export const entry = (term: string, meaning: string): string => `.TP\n${term}\n${meaning}`;

/** Returns lines that are printed as they are. */
export const example = (lines: string): string => `.PP\n.RS 4\n.EX\n${guard(escape(lines))}\n.EE\n.RE\n`;

export const section = (title: string, body: string): string =>
  body === '' ? '' : `.SH ${title}\n${body.replace(/^\.PP\n/, '')}`;

/** Returns the first line of a page; `date` is YYYY-MM-DD. */
export const title = (page: string, number: number, date: string, version: string): string =>
  `.TH ${page.toUpperCase()} ${number} ${date} "UniqueID ${version}" "UniqueID manual"\n`;

/** Breaks a paragraph into source lines: each sentence begins one, as roff wants it. */
function fill(paragraph: string): string {
  const lines = paragraph
    .trim()
    .split(/(?<=[.!?:;]) (?=[A-Z(\\])/)
    .flatMap((sentence) => {
      const wrapped: string[] = [];
      for (const word of sentence.split(/\s+/)) {
        const last = wrapped.at(-1);
        if (last === undefined || last.length + 1 + word.length > WIDTH) wrapped.push(word);
        else wrapped[wrapped.length - 1] = `${last} ${word}`;
      }
      return wrapped;
    });
  return `${guard(lines.join('\n'))}\n`;
}

/** Keeps roff from reading a line that begins with a dot as a request. */
const guard = (lines: string): string => lines.replaceAll(/^(?=\.)/gm, '\\&');
