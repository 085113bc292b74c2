import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {errorTable} from '../../src/lib/core/errors.js';
import {root} from '../helpers/folders/workspace.js';

/** The words of the page for `transient`. */
const waiting = {true: 'yes', false: 'no', varies: 'it varies'};

it('docs/use/rest-api.md lists each code with its statuses and whether waiting helps', () => {
  const page = readFileSync(join(root, 'docs', 'use', 'rest-api.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| +(\d+) +\| +(\d+) +\| ([^|]+?) +\|/gm)];
  const listed = rows.map(([, code, http, exit, helps]) => [code, Number(http), Number(exit), helps]);
  expect(listed).toEqual(
    Object.entries(errorTable).map(([code, {http, exit, transient}]) => [
      code,
      http,
      exit,
      waiting[`${transient}`],
    ]),
  );
});
