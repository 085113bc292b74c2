import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {settings, type Setting} from '../../src/lib/config/settings.js';
import {errorTable} from '../../src/lib/core/errors.js';
import {openapiText} from '../../src/lib/server/routes/openapi.js';
import {rangeSchema, statusSchema} from '../../src/lib/server/routes/schemas.js';
import {startServer} from '../helpers/programs/cli.js';
import {ask} from '../helpers/network/http.js';
import {pageNames} from '../helpers/folders/pages.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

/** Returns the first cells of the rows of a table, without backquotes. */
function firstCells(page: string, begins: RegExp): readonly string[] {
  return page
    .split('\n')
    .map((line) => /^\| *(.*?) *\|/.exec(line)?.[1] ?? '')
    .filter((cell) => begins.test(cell))
    .map((cell) => cell.replaceAll('`', ''));
}

describe('the pages', () => {
  it('state the real default after each key that one follows, as in `max_queue` (10,000)', () => {
    const known: readonly Setting[] = Object.values(settings);
    let stated = 0;
    for (const page of pageNames) {
      for (const [text, key, value = ''] of read(page).matchAll(
        /`([a-z_.]+)` \((\d[\d,]*|True|False)(?: seconds)?\)/g,
      )) {
        const setting = known.find((each) => each.key === key);
        if (setting === undefined) continue;
        expect(value.replaceAll(',', ''), `${page}: ${text}`).toBe(setting.default);
        stated++;
      }
    }
    expect(stated).toBeGreaterThan(15);
  });

  it('list all routes of the API', () => {
    const {paths} = JSON.parse(openapiText) as {paths: Record<string, unknown>};
    const routes = Object.keys(paths).sort();
    const listed = firstCells(read('docs', 'use', 'rest-api.md'), /^`\//).map((cell) =>
      cell.replace(/\?.*/, ''),
    );
    expect([...listed].sort()).toEqual(routes);
    const readme = read('README.md');
    for (const route of routes)
      expect(readme).toMatch(new RegExp(`\\| \`GET ${route.replace('.', '\\.')}[\`?]`));
  });

  it('include the schemas that the service answers with', () => {
    expect(JSON.parse(read('docs', 'schemas', 'getid.json'))).toEqual(rangeSchema);
    expect(JSON.parse(read('docs', 'schemas', 'status.json'))).toEqual(statusSchema);
  });

  it('list all statuses of the API', () => {
    const listed = firstCells(read('docs', 'use', 'rest-api.md'), /^\d{3}$/).map(Number);
    // The status of an error of the client alone is never sent.
    const {REMOTE_FAILED, ...answered} = errorTable;
    expect(REMOTE_FAILED.http).toBe(502);
    expect(listed).toEqual([...new Set(Object.values(answered).map(({http}) => http))].sort((a, b) => a - b));
  });

  it('list all metrics', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace()});
    const {body} = await ask(url, '/metrics');
    const own = [...body.matchAll(/^# TYPE (uniqueid_\S+) (\S+)$/gm)].map(
      ([, name, kind]) => `${name} ${kind}`,
    );
    const page = read('docs', 'operate', 'monitoring.md');
    const listed = [...page.matchAll(/^\| `(uniqueid_\w+)` +\| (\w+)/gm)].map(
      ([, name, kind]) => `${name} ${kind}`,
    );
    expect([...listed].sort()).toEqual(own.sort());
  });

  it('explain every error code in troubleshooting.md', () => {
    const listed = firstCells(read('docs', 'operate', 'troubleshooting.md'), /^`[A-Z_]+`$/);
    expect([...new Set(listed)].sort()).toEqual(Object.keys(errorTable).sort());
  });
});
