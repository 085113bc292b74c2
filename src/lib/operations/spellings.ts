import {UniqueIDError} from '../core/errors.js';
import {MAX_NAMED_MODES, nameModes} from './named-modes.js';
import type {Comparison, CounterMinimum, Store} from '../store/store.js';

/** The target of a copy; `store` is `undefined` if a dry run finds no tables. */
export interface CopyTarget {
  readonly location: string;
  readonly store: Store | undefined;
}

/**
 * Returns the further modes that a copy must create, so that no spelling of a mode starts again in the
 * target. In a table that folds case, clients may have used `FILE` for the counter stored as `file`.
 *
 * @param minimums every counter of the source
 * @param listed every further spelling that clients have used; `undefined` if unknown
 * @throws UniqueIDError `REJECTED` if the spellings are unknown, or if the source has no counter for a listed
 *   one
 */
export async function findSpellings(
  source: Store,
  target: CopyTarget,
  minimums: readonly CounterMinimum[],
  listed: readonly string[] | undefined,
): Promise<readonly CounterMinimum[]> {
  const [from, to] = await Promise.all([source.comparison(), target.store?.comparison()]);
  if (from.kind === 'exact' || minimums.length === 0 || foldsAlike(from, to)) return [];
  if (from.kind === 'folding' && listed === undefined)
    throw unknownSpellingsError(source.location, target.location, from, minimums);
  const stored = new Set(minimums.map(({mode}) => mode));
  const spellings = new Map<string, bigint | undefined>(unpadded(minimums));
  for (const mode of new Set(listed))
    if (!stored.has(mode)) spellings.set(mode, await readNext(source, mode));
  const absent = [...spellings].filter(([, next]) => next === undefined).map(([mode]) => mode);
  if (absent.length > 0) throw missingCountersError(source.location, absent);
  return [...spellings].flatMap(([mode, next]) => (next === undefined ? [] : [{mode, next}]));
}

/** Returns whether source and target fold the same spellings into one mode. */
function foldsAlike(from: Comparison, to: Comparison | undefined): boolean {
  return from.kind === to?.kind && (from.kind === 'padded' || from.name === to.name);
}

/**
 * Yields the valid spelling of each padded mode: a table that is not exact may pad, and a valid mode ends in
 * no space.
 */
function* unpadded(minimums: readonly CounterMinimum[]): Iterable<[string, bigint]> {
  for (const {mode, next} of minimums) {
    const valid = withoutPadding(mode);
    if (valid !== mode && valid !== '') yield [valid, next];
  }
}

function withoutPadding(mode: string): string {
  let end = mode.length;
  while (mode[end - 1] === ' ') end--;
  return mode.slice(0, end);
}

async function readNext(source: Store, mode: string): Promise<bigint | undefined> {
  try {
    return (await source.counter(mode))?.next;
  } catch (error) {
    // The table's character set lacks a letter of the mode.
    if (error instanceof UniqueIDError && error.code === 'INVALID_MODE') return undefined;
    throw error;
  }
}

function unknownSpellingsError(
  source: string,
  target: string,
  {name}: Comparison,
  minimums: readonly CounterMinimum[],
): UniqueIDError {
  return new UniqueIDError(
    'REJECTED',
    `${source} treats several spellings of a mode as one (${name}), but ${target} does not: ` +
      `a client that used another spelling of ${listModes(minimums.map(({mode}) => mode))} ` +
      'would get old integers again.',
    {
      hint:
        'List every spelling that clients have used in a file, one per line, and pass --spellings FILE. ' +
        'An empty file means that they used only these.',
    },
  );
}

function missingCountersError(source: string, modes: readonly string[]): UniqueIDError {
  return new UniqueIDError('REJECTED', `${source} has no counter for ${listModes(modes)}.`, {
    hint: 'Correct the spelling in the list, or remove it if no client ever used it.',
  });
}

function listModes(modes: readonly string[]): string {
  const others = modes.length - MAX_NAMED_MODES;
  return others > 0 ? `${nameModes(modes)} and ${others} more` : nameModes(modes);
}
