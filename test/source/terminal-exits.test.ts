import {ESLint, Linter} from 'eslint';
import {describe, expect, it} from 'vitest';
import {root} from '../helpers/folders/workspace.js';
import {parser} from 'typescript-eslint';

const eslint = new ESLint({cwd: root});

/** Returns the restriction rules of the linter that this code would break in a file with this path. */
async function brokenRules(path: string, code: string): Promise<(string | null)[]> {
  const {rules} = (await eslint.calculateConfigForFile(path)) as {rules: Linter.RulesRecord};
  const chosen = Object.entries(rules).filter(([name]) => /^no-(?:restricted-.*|console)$/.test(name));
  const messages = new Linter().verify(
    code,
    {
      files: ['**'],
      languageOptions: {parser},
      rules: Object.fromEntries(chosen),
    },
    path,
  );
  return messages.map(({ruleId}) => ruleId);
}

describe.each(['src/cli/new.ts', 'src/commands/new.ts', 'src/lib/store/new.ts', 'src/lib/server/new.ts'])(
  'the linter does not let %s',
  (path) => {
    it.each([
      ['write to stdout', 'process.stdout.write(mode)'],
      ['write to stderr', 'process.stderr.write(mode)'],
      ['bypass the streams', 'process._rawDebug(mode)'],
      ['use the console', 'console.log(mode)'],
      ['cast unchecked text to Visible', 'const text = mode as Visible'],
      ['cast unchecked lines to Visible', 'const lines = modes as readonly Visible[]'],
      ['draw with listr2', "import {Listr} from 'listr2'"],
      ['colour with chalk', "import {Chalk} from 'chalk'"],
      ['prompt with inquirer', "import search from '@inquirer/search'"],
      ['import the streams', "import {stdout} from 'node:process'"],
      ['import the console', "import {log} from 'node:console'"],
    ])('%s', async (_, code) => {
      expect(await brokenRules(path, code)).toHaveLength(1);
    });
  },
);

it.each([['writeSync(1, mode)'], ['terminal.write(mode)'], ['this.warn(mode)'], ['this.logToStderr(mode)']])(
  'the linter does not let a command write with %s',
  async (code) => {
    expect(await brokenRules('src/commands/new.ts', `class A { b() { ${code} } }`)).toHaveLength(1);
  },
);
