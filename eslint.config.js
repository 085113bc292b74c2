import {defineConfig, globalIgnores} from 'eslint/config';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

/** Imports go down only: nothing in these folders may import what stands above it. */
const floors = [
  {files: ['src/lib/**'], above: ['**/cli/*', '**/commands/*', '@oclif/*', 'chalk', 'listr2', '@inquirer/*']},
  {files: ['src/lib/config/**'], above: ['**/store/**', '**/server/**', '**/client/**']},
  {files: ['src/lib/store/**'], above: ['**/server/**', '**/client/**', '**/allocation/allocator.js']},
  {files: ['src/lib/allocation/**'], above: ['**/server/**', '**/client/**', '**/store/sqlite/**']},
  {files: ['src/lib/client/**'], above: ['**/server/**', '**/store/**']},
  {files: ['src/cli/**'], above: ['**/commands/*']},
];

export default defineConfig(
  globalIgnores(['dist/', 'coverage/']),
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
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
      // Process environments and parsed records are indexed by name: tsc asks for brackets there.
      '@typescript-eslint/dot-notation': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    // One packet must never keep the only thread busy: a pattern's time grows with its text, never faster.
    files: ['src/**'],
    plugins: {regexp},
    rules: {
      'regexp/no-super-linear-backtracking': ['error', {report: 'potential'}],
      'regexp/no-super-linear-move': ['error', {report: 'potential', ignoreSticky: true}],
    },
  },
  ...floors.map(({files, above}) => ({
    files,
    rules: {
      'no-restricted-imports': ['error', {patterns: [{group: above, message: 'Imports go down only.'}]}],
    },
  })),
  {
    files: ['src/lib/**', 'src/commands/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='process'][callee.property.name='exit']",
          message: 'Only src/cli ends the process.',
        },
      ],
    },
  },
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
