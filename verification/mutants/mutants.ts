import {readdirSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {root} from '../../test/helpers/folders/workspace.js';

/** A way to break a promise of the program on purpose, and the tests that must notice: a patch with a header. */
export interface Mutant {
  /** Its file, without the ending. */
  readonly name: string;
  readonly patch: string;
  /** What the program does wrong with the patch. */
  readonly breaks: string;
  /** Numbers of the invariants in docs/internals/invariants.md that it breaks. */
  readonly invariants: readonly number[];
  /** Files of tests, from the root of the repository. */
  readonly tests: readonly string[];
  /** A pattern for the names of the tests that must notice, if the others of these files take long. */
  readonly only: string | undefined;
  /** Whether it is quick to show, for CI. */
  readonly isQuick: boolean;
}

const folder = join(root, 'verification', 'mutants');

/** Reads every patch of this folder. */
export function readMutants(): readonly Mutant[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.patch'))
    .sort()
    .map((name) => readMutant(join(folder, name)));
}

/** @throws Error if a line of the header is missing */
function readMutant(patch: string): Mutant {
  const [header = ''] = readFileSync(patch, 'utf8').split('\n\n', 1);
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.+)$`, 'm').exec(header)?.[1];
  const required = (name: string): string => {
    const value = field(name);
    if (value === undefined)
      throw new Error(`${patch} has no line "${name}: ..." above its first empty line`);
    return value;
  };
  return {
    name: basename(patch, '.patch'),
    patch,
    breaks: required('Breaks'),
    invariants: required('Invariants').split(', ').map(Number),
    tests: required('Tests').split(', '),
    only: field('Only'),
    isQuick: field('Quick') === 'yes',
  };
}
