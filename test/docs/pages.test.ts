import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {need} from '../helpers/run/needs.js';
import {stepsOf} from '../helpers/programs/page.js';
import {needsOf, runPage} from '../helpers/programs/run-page.js';
import {structureOf} from '../helpers/programs/structure.js';
import {pageNames, readPage} from '../helpers/folders/pages.js';
import {root} from '../helpers/folders/workspace.js';

const pages = pageNames
  .map((name) => ({name, text: readPage(name)}))
  .filter(({text}) => stepsOf(text).some(({kind}) => kind === 'console'));

/** The commands of a page, each with the structure of its output. */
function examplesOf(page: string): readonly object[] {
  return stepsOf(page)
    .flatMap((step) => (step.kind === 'console' ? step.examples : []))
    .map(({command, output}) => ({command, output: structureOf(output)}));
}

describe('the commands of a page print what it shows, apart from wording', () => {
  it.for(pages)('$name', {timeout: 180_000}, async ({name, text}) => {
    need(...needsOf(text));
    const fresh = await runPage(text);
    if (process.env['UNIQUEID_UPDATE_SCREENS'] === '1') writeFileSync(join(root, name), fresh);
    else expect(examplesOf(text), 'run "npm run screens" and check the changes').toEqual(examplesOf(fresh));
  });
});
