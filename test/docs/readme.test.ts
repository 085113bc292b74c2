import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {root} from '../helpers/folders/workspace.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

it('the README lists every exit status and every command', () => {
  for (const status of [0, 1, 2, 3, 4, 5, 6, 7]) expect(readme).toMatch(new RegExp(`\\| +${status} \\|`));
  for (const command of ['getid', 'serve', 'dbsync', 'status', 'reset', 'completion'])
    expect(readme).toContain(`\`uniqueid ${command}\``);
});
