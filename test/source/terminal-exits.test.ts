import {ESLint, Linter} from 'eslint';
import {describe, expect, it} from 'vitest';
import {root} from '../helpers/folders/workspace.js';
import {parser} from 'typescript-eslint';

const eslint = new ESLint({cwd: root});

/** The rules that the linter breaks a build for, in what a file with this path would hold. */
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
      ['write around the streams', 'process._rawDebug(mode)'],
      ['use the console', 'console.log(mode)'],
      ['call text visible that may not be', 'const text = mode as Visible'],
      ['call lines visible that may not be', 'const lines = modes as readonly Visible[]'],
      ['draw with listr2', "import {Listr} from 'listr2'"],
      ['colour with chalk', "import {Chalk} from 'chalk'"],
      ['ask with inquirer', "import search from '@inquirer/search'"],
      ['import the streams', "import {stdout} from 'node:process'"],
      ['import the console', "import {log} from 'node:console'"],
    ])('%s', async (_, code) => {
      expect(await brokenRules(path, code)).toHaveLength(1);
    });
  },
);

it.each([['writeSync(1, mode)'], ['terminal.write(mode)'], ['this.warn(mode)'], ['this.logToStderr(mode)']])(
  'the linter does not let a command write by %s',
  async (code) => {
    expect(await brokenRules('src/commands/new.ts', `class A { b() { ${code} } }`)).toHaveLength(1);
  },
);
