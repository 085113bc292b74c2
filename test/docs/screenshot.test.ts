import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

it('docs/terminal.svg shows what the program prints', () => {
  const picture = join(makeWorkspace(), 'terminal.svg');
  execFileSync(process.execPath, [join(root, 'scripts', 'screenshot.js'), picture]);
  const fresh = readFileSync(picture, 'utf8');
  expect(readFileSync(join(root, 'docs', 'terminal.svg'), 'utf8'), 'run "npm run screens"').toBe(fresh);
});
