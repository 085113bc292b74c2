import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {pageNames} from '../helpers/folders/pages.js';
import {root} from '../helpers/folders/workspace.js';

const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

it.each([...pageNames, 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'])(
  'the links of %s lead to files and headings that exist',
  (page) => {
    for (const [, target = '', anchor] of read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
      const path = target === '' ? page : join(page, '..', target);
      expect(existsSync(join(root, path)), `${page}: ${target}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(read(path)), `${page}: #${anchor}`).toContain(anchor);
    }
  },
);

/** Returns the anchors that GitHub makes of the headings of a page. */
function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

it('the tests that docs/internals/invariants.md names exist', () => {
  const named = [...read('docs', 'internals', 'invariants.md').matchAll(/`(test\/[\w./-]+)`/g)];
  expect(named.length).toBeGreaterThan(10);
  for (const [, path = ''] of named) expect(existsSync(join(root, path)), path).toBe(true);
});

it('docs/README.md lists every page', () => {
  const listed = [...read('docs', 'README.md').matchAll(/\]\(([^)#]+\.md)\)/g)].map(([, target = '']) =>
    join('docs', target),
  );
  for (const page of pageNames) {
    if (page.startsWith('docs/') && page !== 'docs/README.md') expect(listed, page).toContain(page);
  }
});

it.each([...pageNames, 'CONTRIBUTING.md', 'SECURITY.md'])('%s has at most 250 lines', (page) => {
  expect(read(page).split('\n').length).toBeLessThanOrEqual(251);
});
