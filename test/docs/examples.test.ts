import {execFileSync} from 'node:child_process';
import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {blocksOf} from '../helpers/programs/page.js';
import {pageNames, readPage} from '../helpers/folders/pages.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

const pages = pageNames.map((name) => ({name, text: readPage(name)}));

const blocks = (language: string): readonly (readonly [string, string])[] =>
  pages.flatMap(({name, text}) => blocksOf(text, language).map((block) => [name, block] as const));

it('the JavaScript examples of the pages compile against the types of this package', () => {
  const folder = makeWorkspace();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'uniqueid'));
  for (const name of ['@types', 'express', 'fastify'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}\n');
  const compilerOptions = {
    allowJs: true,
    checkJs: true,
    module: 'NodeNext',
    target: 'ES2023',
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({compilerOptions, include: ['*.js']}));
  const examples = blocks('js');
  expect(examples.length).toBeGreaterThan(5);
  for (const [index, [, block]] of examples.entries())
    writeFileSync(join(folder, `example-${index}.js`), block);
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const check = (): string =>
    execFileSync(process.execPath, [compiler, '-p', folder], {encoding: 'utf8', cwd: folder});
  try {
    check();
  } catch (error) {
    throw new Error((error as {stdout: string}).stdout, {cause: error});
  }
});

it.each(blocks('sh'))('the sh block of a page has valid syntax: %s %j', (_, block) => {
  execFileSync('sh', ['-n'], {input: block});
});
