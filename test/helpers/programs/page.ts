/**
 * A page of the documentation as something to run.
 *
 * - A `console` block is a terminal: what follows `$ ` is run by bash, a `\` at the end of a line goes on in the next
 *   one, and what stands below is what it prints. All blocks of a page are one session.
 * - `<!-- file: NAME -->` above a block of another kind makes that block a file of the folder.
 * - `<!-- prepare … -->` holds commands, one a line, that a reader need not see; each must succeed. `<!-- workspace … -->` is the
 *   same in a new and empty folder.
 *
 * Blocks of `sh` are for systems that a test does not have: only their syntax is checked.
 */
export type Step =
  | {readonly kind: 'prepare'; readonly fresh: boolean; readonly commands: readonly string[]}
  | {readonly kind: 'file'; readonly name: string; readonly text: string}
  | {readonly kind: 'console'; readonly block: string; readonly examples: readonly Example[]};

export interface Example {
  readonly command: string;
  readonly output: string;
}

const pattern =
  /<!-- (?<directive>workspace|prepare)\b(?<script>[^]*?)-->|(?:<!-- file: (?<name>\S+) -->\n+)?^```(?<language>\w+)\n(?<text>[^]*?)^```$/gm;

/** The steps of a page, in the order in which a reader meets them. */
export function stepsOf(page: string): readonly Step[] {
  return [...page.matchAll(pattern)].flatMap(({groups = {}}): Step[] => {
    const {directive, script = '', name, language, text = ''} = groups;
    if (directive !== undefined) {
      const commands = script.split('\n').filter((line) => line.trim() !== '');
      return [{kind: 'prepare', fresh: directive === 'workspace', commands}];
    }
    if (name !== undefined) return [{kind: 'file', name, text}];
    return language === 'console' ? [{kind: 'console', block: text, examples: examplesOf(text)}] : [];
  });
}

/** The blocks of one language, such as `sh`. */
export function blocksOf(page: string, language: string): readonly string[] {
  return [...page.matchAll(pattern)].flatMap(({groups = {}}) =>
    groups['language'] === language ? [groups['text'] ?? ''] : [],
  );
}

function examplesOf(block: string): readonly Example[] {
  const examples: Example[] = [];
  for (const text of block.split(/^\$ /m).slice(1)) {
    const lines = text.split('\n');
    const last = lines.findIndex((line) => !line.endsWith('\\'));
    examples.push({
      command: lines.slice(0, last + 1).join('\n'),
      output: lines.slice(last + 1).join('\n'),
    });
  }
  return examples;
}

/** A console block as a terminal would show it. */
export function consoleBlock(examples: readonly Example[]): string {
  return examples
    .map(({command, output}) => `$ ${command}\n${output === '' ? '' : `${output.trimEnd()}\n`}`)
    .join('');
}
