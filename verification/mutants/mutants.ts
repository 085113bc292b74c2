import {readdirSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {root} from '../../test/helpers/folders/workspace.js';

/** A patch that breaks a promise of the program on purpose; its header names the tests that must notice. */
export interface Mutant {
  /** The name of its file, without the extension. */
  readonly name: string;
  readonly patch: string;
  /** The wrong behaviour of the program with the patch. */
  readonly breaks: string;
  /** Numbers of the invariants in docs/internals/invariants.md that it breaks. */
  readonly invariants: readonly number[];
  /** Paths of test files, relative to the root of the repository. */
  readonly tests: readonly string[];
  /** Selects the tests that must notice by name; set if the other tests of these files take long. */
  readonly only: string | undefined;
  /** True if its tests are quick enough for CI. */
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
