/**
 * Returns the structure of the output of a command, which two outputs with different wording share. Data is
 * unchanged; prose is reduced to its numbers, names and codes, in alphabetical order.
 */
export function structureOf(output: string): readonly string[] {
  const parts: string[] = [];
  let prose = '';
  const endProse = (): void => {
    if (prose !== '') parts.push(factsOf(prose).sort().join(' '));
    prose = '';
  };
  for (const line of output.split('\n')) {
    // A sentence may break anywhere: at the width of a terminal, or because another wording is longer.
    if (isProse(line) || (prose !== '' && line.startsWith('  '))) {
      prose += `${line}\n`;
      continue;
    }
    endProse();
    // The length of a body depends on its wording, and the version of SQLite on the driver.
    parts.push(
      line
        .trim()
        .replace(/^Content-Length: \d+$/, 'Content-Length:')
        .replace(/\(SQLite [\d.]+/, '(SQLite')
        .replaceAll(/\s+/g, ' '),
    );
  }
  endProse();
  return parts.filter((part) => part !== '');
}

/** Two words with one space between them. */
const wordPair = /(?<![\p{L}\p{N}_./-])\p{Ll}[\p{L}'’-]*[,;:]? \p{L}[\p{L}'’-]*(?![\p{L}\p{N}_./=-])/iu;

/** Gaps between columns. */
const columnGaps = /\S {2,}\S.*\S {2,}\S/;

function isProse(line: string): boolean {
  return wordPair.test(line) && !columnGaps.test(line);
}

/** Names and commands have at most three words and no full stop. */
function isSentence(literal: string): boolean {
  return /\S \S+ \S+ \S|\.\W*$/.test(literal);
}

/**
 * Returns the quoted texts of a sentence, and its words that are not from a dictionary: numbers, names,
 * codes, paths.
 */
function factsOf(text: string): string[] {
  const quoted = /"(?:[^"\\\n]|\\.)*"/g;
  return [
    ...[...text.matchAll(quoted)].flatMap(([literal]) =>
      isSentence(literal) ? factsOf(contentOf(literal)) : [literal],
    ),
    ...text
      .replaceAll(quoted, ' ')
      .split(/[\s{}[\]()]+/)
      .map((word) => word.replace(/^[,;:.…·]+|[,;:.?!…·]+$/gu, ''))
      .filter((word) => word !== '' && !/^(?:\p{L}[\p{Ll}'’-]*|Ctrl-C)$/u.test(word)),
  ];
}

/** The text of a JSON string, or what is between quotation marks. */
function contentOf(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal.slice(1, -1);
  }
}
