import {execFileSync} from 'node:child_process';
import {statSync} from 'node:fs';
import {join} from 'node:path';
import {beforeAll, describe, expect, it} from 'vitest';
import {readMutants} from '../../verification/mutants/mutants.js';
import {root} from '../helpers/folders/workspace.js';

const mutants = readMutants();

/** One test in the output of `vitest list`. */
interface Listed {
  readonly name: string;
  readonly file: string;
}

it('the mutants break every invariant', () => {
  const broken = new Set(mutants.flatMap(({invariants}) => invariants));
  expect([...broken].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

// First, because the list is made once.
it('listing tests keeps the build, which other tests run at the same time', () => {
  const built = (): number => statSync(join(root, 'dist', 'cli', 'main.cjs')).mtimeMs;
  const before = built();
  expect(listTests().length).toBeGreaterThan(100);
  expect(built()).toBe(before);
}, 300_000);

describe.each(mutants)('the mutant $name', ({patch, tests, only}) => {
  let listed: readonly Listed[];

  beforeAll(() => {
    listed = listTests();
  }, 300_000);

  it('applies to the current sources', () => {
    expect(() => execFileSync('git', ['apply', '--check', patch], {cwd: root, stdio: 'pipe'})).not.toThrow();
  });

  it('names tests that exist', () => {
    for (const test of tests) {
      const names = listed.filter(({file}) => file === join(root, test)).map(({name}) => name);
      expect(names, test).not.toEqual([]);
      const pattern = new RegExp(only ?? '');
      // Vitest joins the titles of suites and test with spaces before it matches a pattern.
      expect(
        names.filter((name) => pattern.test(name.replaceAll(' > ', ' '))),
        only,
      ).not.toEqual([]);
    }
  });
});

let all: readonly Listed[] | undefined;

/** Lists the tests of all files that mutants name, in one process. */
function listTests(): readonly Listed[] {
  all ??= JSON.parse(
    execFileSync(
      process.execPath,
      [
        join(root, 'node_modules', 'vitest', 'vitest.mjs'),
        'list',
        ...new Set(mutants.flatMap(({tests}) => tests)),
        '--json',
      ],
      {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 1 << 26,
        env: {...process.env, UNIQUEID_TEST_LIST: '1'},
      },
    ),
  ) as readonly Listed[];
  return all;
}
