import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {need} from '../helpers/run/needs.js';
import {stepsOf} from '../helpers/programs/page.js';
import {needsOf, runPage} from '../helpers/programs/run-page.js';
import {pageNames, readPage} from '../helpers/folders/pages.js';
import {root} from '../helpers/folders/workspace.js';

const pages = pageNames
  .map((name) => ({name, text: readPage(name)}))
  .filter(({text}) => stepsOf(text).some(({kind}) => kind === 'console'));

describe('what a page shows is what a reader sees', () => {
  it.for(pages)('$name', {timeout: 180_000}, async ({name, text}) => {
    need(...needsOf(text));
    const fresh = await runPage(text);
    if (process.env['UNIQUEID_UPDATE_SCREENS'] === '1') writeFileSync(join(root, name), fresh);
    else expect(text, 'run "npm run screens" and look at what changed').toBe(fresh);
  });
});
