import {findConflict, raised, toCounter} from '../../shared/counter-moves.js';
import {EPOCH_PART, isBackward, leastEpoch, modeEpochParts, toLineage} from '../../shared/lineage.js';
import type {Comparison, Counter, CounterMove, CounterMinimum, Lineage, Raise} from '../../store.js';
import {batches} from './batches.js';
import {storedValue, type CounterRow} from './counter-row.js';
import * as statements from '../statements.js';

type Ask = (text: string) => Promise<readonly (readonly CounterRow[])[]>;

/** A transaction with a time limit per SQL text. */
export interface Transaction {
  /** Sends statements as one text and returns the rows of each. */
  readonly ask: Ask;
  readonly end: (how: 'COMMIT' | 'ROLLBACK') => Promise<void>;
}

/**
 * Implements `Store.raiseCounters` in one transaction, with a few round trips per batch. A dry run inserts
 * too: only the table itself decides which modes are equal.
 */
export async function raiseCounters(
  {ask, end}: Transaction,
  minimums: readonly CounterMinimum[],
  dryRun: boolean,
): Promise<readonly Raise[]> {
  await ask('START TRANSACTION');
  const raises: Raise[] = [];
  for (const batch of batches(minimums)) raises.push(...(await raiseBatch(ask, batch)));
  const isExact = raises.every(({mode, stored}) => mode === stored);
  await end(dryRun || !isExact ? 'ROLLBACK' : 'COMMIT');
  return raises;
}

async function raiseBatch(ask: Ask, minimums: readonly CounterMinimum[]): Promise<readonly Raise[]> {
  const modes = minimums.map(({mode}) => mode);
  // A text of its own: if a node aborts after the lock, the rest of that text runs outside the transaction.
  const [before = []] = await ask(statements.lockCounters(modes));
  const [, after = []] = await ask(
    `${statements.raiseCounters(minimums)}; ${statements.readCounters(modes)}`,
  );
  const nextBefore = nextByMode(before);
  const stored = new Set(after.map(({mode}) => mode));
  const others = await storedSpellings(
    ask,
    modes.filter((mode) => !stored.has(mode)),
  );
  return minimums.map((minimum) => {
    const raise = raised(minimum, nextBefore.get(minimum.mode));
    return {...raise, stored: others.get(minimum.mode)?.mode ?? minimum.mode};
  });
}

/**
 * Implements `Store.moveCounters` in one transaction, with two round trips per batch.
 *
 * @param kind how the table compares modes
 */
export async function moveCounters(
  {ask, end}: Transaction,
  moves: readonly CounterMove[],
  kind: Comparison['kind'],
): Promise<readonly Counter[]> {
  await ask('START TRANSACTION');
  const conflicts: Counter[] = [];
  for (const batch of batches(moves)) {
    const modes = batch.map(({mode}) => mode);
    const [rows = []] = await ask(statements.lockCounters(modes));
    const current = new Map(rows.map((row) => [row.mode, row]));
    const others = await storedSpellings(
      ask,
      modes.filter((mode) => !current.has(mode)),
    );
    for (const move of batch) {
      const row = current.get(move.mode) ?? others.get(move.mode);
      conflicts.push(...findConflict(move, row === undefined ? undefined : counterOf(row)));
    }
  }
  if (conflicts.length === 0) {
    for (const batch of batches(moves))
      await ask(statements.putCounters(batch.map(({mode, to}) => ({mode, next: to}))));
    if (moves.some(isBackward)) {
      await ask(statements.raiseEpochs([EPOCH_PART], leastEpoch(moves)));
      const lineage = await readLineage(ask);
      await ask(statements.raiseEpochs(modeEpochParts(moves, lineage, kind), lineage.epoch));
    }
  }
  await end('COMMIT');
  return conflicts;
}

/** Reads the lineage inside a transaction. */
export async function readLineage(ask: Ask): Promise<Lineage> {
  const [parts = []] = await ask(statements.readParts);
  return toLineage(parts as unknown as readonly {part: string; value: unknown}[]);
}

/** Returns the rows of modes that are stored under another spelling; modes without a row are missing. */
async function storedSpellings(ask: Ask, modes: readonly string[]): Promise<ReadonlyMap<string, CounterRow>> {
  if (modes.length === 0) return new Map();
  const answers = await ask(modes.map((mode) => statements.lockCounters([mode])).join('; '));
  return new Map(
    modes.flatMap((mode, index) => {
      const row = answers[index]?.[0];
      return row === undefined ? [] : [[mode, row]];
    }),
  );
}

function nextByMode(rows: readonly CounterRow[]): ReadonlyMap<string, bigint | undefined> {
  return new Map(rows.map((row) => [row.mode, counterOf(row).next]));
}

function counterOf(row: CounterRow): Counter {
  return toCounter({mode: row.mode, next: storedValue(row)});
}
