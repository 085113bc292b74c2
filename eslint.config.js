import {defineConfig, globalIgnores} from 'eslint/config';
import markdown from '@eslint/markdown';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';
import prose from './scripts/eslint-plugin-prose.js';

/**
 * Foreign text reaches a terminal only through `visible` (src/lib/util/text/visible.ts).
 * Each of the four lists of modules has one permission. `writers` write, `printers` print data for programs
 * unchanged, `layouts` lay out or colour visible text, and `drawers` use packages that draw.
 */
const cli = (...names) => names.map((name) => `src/cli/${name}.ts`);
const writers = cli(
  'process/stdout',
  'process/stderr',
  'terminal/live-screen',
  'terminal/prompts',
  'getid/output',
  'serve/announcements',
  'serve/request-lines',
);
const printers = cli(
  'oclif/base-command',
  'completion/candidates',
  'status/stream',
  'main',
  'process/report-error',
);
const printingCommands = ['src/commands/completion.ts', 'src/commands/serve.ts'];
const layouts = cli(
  'terminal/colour',
  'terminal/error-format',
  'terminal/labelled',
  'status/screen',
  'terminal/table',
);
const drawers = cli('terminal/prompts', 'terminal/colour', 'terminal/pick-mode', 'database/tasks');
const onlyDrawers = 'Only a few modules draw on the terminal.';
const drawing = ['chalk', 'listr2', 'node:process', 'process', 'node:console', 'console'].map((name) => ({
  name,
  message: onlyDrawers,
}));

const noWrite = [
  'CallExpression[callee.property.name=/^(?:write|writeSync|_rawDebug)$/]',
  'CallExpression[callee.name=/^(?:write|writeSync)$/]',
  'CallExpression[callee.object.type="ThisExpression"][callee.property.name=/^(?:warn|error|logToStderr)$/]',
].map((selector) => ({
  selector,
  message: 'Write by src/cli/process/stderr.ts or src/cli/process/stdout.ts.',
}));

const noExact = {
  selector: 'ImportSpecifier[imported.name="printExact"]',
  message: 'Print lines for people by this.log or printLines.',
};

const noStream = ['std(?:out|err)', '_rawDebug'].map((name) => ({
  selector: `MemberExpression[object.name='process'][property.name=/^${name}$/]`,
  message: 'Nothing in src/lib writes to a terminal but its log.',
}));

const noCast = [
  'TSAsExpression TSTypeReference[typeName.name="Visible"]',
  'TSTypeAssertion TSTypeReference[typeName.name="Visible"]',
].map((selector) => ({selector, message: 'Make it by visible().'}));

const noExit = {
  selector: "CallExpression[callee.object.name='process'][callee.property.name='exit']",
  message: 'Only src/cli ends the process.',
};

const lineLength = {code: 110, ignoreUrls: true, ignoreRegExpLiterals: true};

/** Replaces earlier restrictions of the same files: the last one for a file applies. */
const restrict = (files, ...selectors) => ({
  files,
  rules: {'no-restricted-syntax': ['error', ...selectors]},
});

export default defineConfig(
  globalIgnores(['dist/', 'coverage/']),
  {
    files: ['**/*.{ts,js,cjs,mjs}'],
    plugins: {prose},
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: {allowDefaultProject: ['*.js', 'bin/*.{js,mjs}', 'scripts/*.{js,cjs}']},
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', {fixStyle: 'inline-type-imports'}],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true, allow: []}],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // tsc requires brackets to index process environments and parsed records by name.
      '@typescript-eslint/dot-notation': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      'prose/code': 'error',
      'max-len': ['error', lineLength],
    },
  },
  {
    files: ['{test,verification,bench}/**'],
    rules: {
      'prose/code': ['error', 'titles'],
      // Test data keeps its shape.
      'max-len': ['error', {...lineLength, ignoreStrings: true, ignoreTemplateLiterals: true}],
    },
  },
  {
    files: ['**/*.md'],
    language: 'markdown/gfm',
    plugins: {markdown, prose},
    rules: {'prose/markdown': 'error'},
  },
  {
    files: ['src/**'],
    rules: {
      'max-lines': ['error', 250],
      'max-lines-per-function': ['error', {max: 40, skipBlankLines: true, skipComments: true}],
    },
  },
  {
    // One packet must never keep the only thread busy: a pattern may take at most linear time.
    files: ['src/**'],
    plugins: {regexp},
    rules: {
      'regexp/no-super-linear-backtracking': ['error', {report: 'potential'}],
      'regexp/no-super-linear-move': ['error', {report: 'potential', ignoreSticky: true}],
    },
  },
  {
    files: ['src/**'],
    ignores: drawers,
    rules: {
      'no-restricted-imports': [
        'error',
        {paths: drawing, patterns: [{group: ['@inquirer/*'], message: onlyDrawers}]},
      ],
    },
  },
  restrict(['src/commands/**'], noExit, noExact, ...noWrite, ...noCast),
  restrict(printingCommands, noExit, ...noWrite, ...noCast),
  restrict(['src/cli/**'], noExact, ...noWrite, ...noCast),
  restrict(printers, ...noWrite, ...noCast),
  restrict(layouts, noExact, ...noWrite),
  restrict(writers, noExact, ...noCast),
  restrict(['src/lib/**'], noExit, ...noStream, ...noCast),
  restrict(['src/lib/util/text/visible.ts'], noExit, ...noStream),
  restrict(['src/lib/server/observability/log-output.ts'], noExit, ...noCast),
  {
    files: ['**/*.{js,cjs,mjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: {'@typescript-eslint/explicit-module-boundary-types': 'off'},
  },
  {
    files: ['bin/run.js', '**/*.cjs'],
    rules: {'@typescript-eslint/no-require-imports': 'off'},
  },
);
