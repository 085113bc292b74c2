import {EPOCH_PART, IDENTITY_PART, leastEpoch, modeEpochParts, toLineage} from '../shared/lineage.js';
import type {CounterMove, Lineage} from '../store.js';
import type {NativeConnection} from './native.js';
import {readComparison} from './schema.js';

const readParts = 'SELECT "part", "value" FROM uniqueindexsystem';

/** Without a version, a dump is being loaded into the table, and its row would collide with this one. */
const recordIdentity = `
  INSERT INTO uniqueindexsystem ("part", "value")
  SELECT ?, ? FROM uniqueindexsystem WHERE "part" = 'major'
  ON CONFLICT ("part") DO NOTHING`;

const raiseEpochPart = `
  INSERT INTO uniqueindexsystem ("part", "value") VALUES (?, ?)
  ON CONFLICT ("part") DO UPDATE SET "value" = max("value" + 1, excluded."value")`;

export function readLineage(connection: NativeConnection): Lineage {
  return toLineage(connection.statement<[], {part: string; value: unknown}>(readParts).all());
}

/** Implements `Store.ensureIdentity`. */
export function ensureIdentity(connection: NativeConnection, candidate: number): void {
  connection.statement<[string, number], unknown>(recordIdentity).run(IDENTITY_PART, candidate);
}

/** Raises the epochs, inside the transaction of a reset. */
export function raiseEpochs(connection: NativeConnection, moves: readonly CounterMove[]): void {
  const raise = connection.statement<[string, number], unknown>(raiseEpochPart);
  raise.run(EPOCH_PART, leastEpoch(moves));
  const lineage = readLineage(connection);
  const {kind} = readComparison(connection);
  for (const part of modeEpochParts(moves, lineage, kind)) raise.run(part, lineage.epoch);
}
