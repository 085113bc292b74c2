/**
 * A runnable part of a page of the documentation.
 *
 * - A `console` block is a terminal. Bash runs the text after `$ `; the lines below are its output.
 *   A `\` at the end of a line continues the command. All blocks of a page share one session.
 * - `<!-- file: NAME -->` writes the block below it to that file.
 * - `<!-- prepare … -->` holds commands, one per line, that readers need not see; each must succeed.
 * - `<!-- workspace … -->` is the same in a new and empty folder.
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

/** Returns the steps of a page in its order. */
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

/** Returns the blocks of one language, such as `sh`. */
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

/** Formats a console block as a terminal would show it. */
export function consoleBlock(examples: readonly Example[]): string {
  return examples
    .map(({command, output}) => `$ ${command}\n${output === '' ? '' : `${output.trimEnd()}\n`}`)
    .join('');
}
