import {spawnSync} from 'node:child_process';
import {cpSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {expect, it} from 'vitest';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

/** The folders that `npm run lint` checks. */
const folders = /depcruise --config \S+ ([\w ]+?) &&/
  .exec(readFileSync(join(root, 'package.json'), 'utf8'))?.[1]
  ?.split(' ');

/** Returns the names of the rules of dependency-cruiser.config.js that a tree of these files breaks. */
function brokenRules(files: Readonly<Record<string, string>>): string[] {
  const cwd = makeWorkspace();
  if (folders === undefined) throw new Error('package.json names no folders');
  for (const folder of folders) mkdirSync(join(cwd, folder));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, path)), {recursive: true});
    writeFileSync(join(cwd, path), text);
  }
  cpSync(join(root, 'tsconfig.json'), join(cwd, 'tsconfig.json'));
  const program = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const config = join(root, 'dependency-cruiser.config.js');
  const args = [program, '--config', config, '--output-type', 'json', ...folders];
  const {stdout, stderr} = spawnSync(process.execPath, args, {cwd, encoding: 'utf8'});
  if (stdout === '') throw new Error(stderr);
  const {summary} = JSON.parse(stdout) as {summary: {violations: {rule: {name: string}}[]}};
  return [...new Set(summary.violations.map(({rule}) => rule.name))].sort();
}

const store = 'export interface Store { close(): void }\nexport const open = 1;\n';

type Example = [name: string, files: Readonly<Record<string, string>>, rules: readonly string[]];

it.each<Example>([
  [
    'an import downwards',
    {
      'src/lib/store/store.ts': store,
      'src/lib/server/start.ts': "export {open} from '../store/store.js';\n",
    },
    [],
  ],
  [
    'an import upwards',
    {'src/lib/store/store.ts': store, 'src/lib/core/range.ts': "export {open} from '../store/store.js';\n"},
    ['core imports downwards', 'core imports nothing'],
  ],
  [
    'an import of the core',
    {'src/lib/core/mode.ts': "export {isAbsolute} from 'node:path';\n"},
    ['core imports nothing'],
  ],
  [
    'an import upwards of a type alone',
    {
      'src/lib/store/store.ts': store,
      'src/lib/util/trim.ts': "export type {Store} from '../store/store.js';\n",
    },
    ['util imports downwards'],
  ],
  [
    'a cycle of types alone',
    {
      'src/lib/core/a.ts': "import type {B} from './b.js';\nexport interface A { b: B }\n",
      'src/lib/core/b.ts': "import type {A} from './a.js';\nexport interface B { a: A }\n",
    },
    ['no cycle'],
  ],
  ...['test', 'verification', 'bench', 'scripts'].map((folder): Example => [
    `a cycle of types in ${folder}/`,
    {
      [`${folder}/a.ts`]: "import type {B} from './b.js';\nexport interface A { b: B }\n",
      [`${folder}/b.ts`]: "import type {A} from './a.js';\nexport interface B { a: A }\n",
    },
    ['no cycle'],
  ]),
  [
    'a cycle of folders whose modules form none',
    {
      'src/lib/server/http/a.ts': "export {c} from '../routes/c.js';\n",
      'src/lib/server/http/b.ts': 'export const b = 1;\n',
      'src/lib/server/routes/c.ts': 'export const c = 1;\n',
      'src/lib/server/routes/d.ts': "export {b} from '../http/b.js';\n",
    },
    ['no cycle of folders'],
  ],
  [
    'a driver that imports another one',
    {
      'src/lib/store/mysql/store.ts': store,
      'src/lib/store/postgres/store.ts': "export {open} from '../mysql/store.js';\n",
    },
    ['a driver imports no other driver'],
  ],
])('the rules for layers judge %s correctly', (_name, files, rules) => {
  expect(brokenRules(files)).toEqual(rules);
});
