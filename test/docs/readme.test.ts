import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {exitStatuses} from '../../src/lib/core/errors.js';
import {root} from '../helpers/folders/workspace.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

it('the README lists every exit status and every command', () => {
  for (const [status, meaning] of Object.entries(exitStatuses))
    if (Number(status) < 128) expect(readme).toMatch(new RegExp(`\\| +${status} \\| ${meaning} +\\|`));
  for (const file of readdirSync(join(root, 'src', 'commands')))
    expect(readme).toContain(`\`uniqueid ${file.replace('.ts', '')}`);
});
