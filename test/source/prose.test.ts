import {ESLint} from 'eslint';
import {describe, expect, it} from 'vitest';
import {root} from '../helpers/folders/workspace.js';

const eslint = new ESLint({cwd: root});

/** Returns the rules that the project's own configuration reports for a text in a place of the tree. */
async function rulesBrokenBy(text: string, filePath: string): Promise<readonly (string | null)[]> {
  const [result] = await eslint.lintText(text, {filePath});
  return [...new Set(result?.messages.map(({ruleId}) => ruleId))];
}

const long = `A sentence ${'of words '.repeat(13)}ends here.`;

describe('lint of comments and strings', () => {
  it.each([
    ['an idiom in a line comment', '// Whether a mode is there.\nexport {};\n'],
    [
      'an idiom in a block comment',
      '/**\n * Returns the mode.\n *\n * Nobody else may have it.\n */\nexport {};\n',
    ],
    [
      'a sentence that two line comments hold',
      '// Says what the database\n// refuses to take.\nexport {};\n',
    ],
    ['a banned word in a string', "export const hint = 'The mode is refused by it.';\n"],
    ['a banned word in a template', 'export const hint = (name) => `The mode ${name} is told of.`;\n'],
    ['a sentence that is too long', `// ${long.slice(0, 60)}\n// ${long.slice(60)}\nexport {};\n`],
  ])('rejects %s', async (_, text) => {
    expect(await rulesBrokenBy(text, 'scripts/planted.js')).toEqual(['prose/code']);
  });

  it('rejects a line that is too long', async () => {
    const text = `export const path = '${'a'.repeat(100)}';\n`;
    expect(await rulesBrokenBy(text, 'scripts/planted.js')).toEqual(['max-len']);
  });

  it('accepts plain English', async () => {
    const text = `/** Returns the next index, or throws if the mode is missing. */\nexport const next = () => 'Pass --yes to confirm.';\n`;
    expect(await rulesBrokenBy(text, 'scripts/planted.js')).toEqual([]);
  });
});

describe('lint of pages', () => {
  it.each([
    ['an idiom', 'The table tells how many modes exist.\n'],
    ['an idiom in a list', '- One mode.\n- Nobody else gets it.\n'],
    ['an idiom in a table', '| a | b |\n| - | - |\n| 1 | it is refused here |\n'],
    ['an idiom in a heading', '# What the service refuses to do\n'],
    ['two sentences on a line', 'The first one ends. The second one follows.\n'],
    ['a sentence on two lines', 'The sentence begins here\nand ends here.\n'],
    ['a sentence that is too long', `${long}\n`],
  ])('rejects %s', async (_, text) => {
    expect(await rulesBrokenBy(text, 'docs/planted.md')).toEqual(['prose/markdown']);
  });

  it('accepts plain English', async () => {
    const text = '# Modes\n\nA mode is a named counter, e.g. `file`.\nIts next index is stored.\n';
    expect(await rulesBrokenBy(text, 'docs/planted.md')).toEqual([]);
  });
});

it.each(['src/index.ts', 'test/server/serve.test.ts', 'verification/fuzz/fuzz.ts', 'bench/run.ts'])(
  'lint reads the prose of %s',
  async (path) => {
    const config = (await eslint.calculateConfigForFile(path)) as {rules: Record<string, unknown[]>};
    expect(config.rules['prose/code']?.[0]).toBe(2);
  },
);
