import {toCounter} from '../shared/counter-moves.js';
import type {Counter, CounterPage} from '../store.js';
import {isPlainId, parseRawId, plainId, showRawId, type RawId} from './row-id.js';
import type {Statements} from './statements.js';

/** Lists counters. Reads the bytes of their ids only if the page holds an id that is not plain text. */
export function listCounters(
  {list, listRaw}: Pick<Statements, 'list' | 'listRaw'>,
  {after, limit}: CounterPage,
): readonly Counter[] {
  const start = after === undefined ? undefined : (parseRawId(after) ?? plainId(after));
  const page = {
    ...(start ?? plainId('')),
    isFirst: start === undefined ? 1 : 0,
    limit: limit ?? -1,
  };
  const rows = list.all(page);
  const counters = rows.flatMap(({id, next}) => (isPlainId(id) ? toCounter({mode: id, next}) : []));
  if (counters.length === rows.length) return counters;
  return listRaw.all(page).map(fromRawRow);
}

/** Lists the highest counters, highest first. */
export function highestCounters({highest}: Pick<Statements, 'highest'>, limit: number): readonly Counter[] {
  return highest.all(limit).map(fromRawRow);
}

function fromRawRow(row: RawId & {next: unknown}): Counter {
  return toCounter({mode: showRawId(row), next: row.next});
}
