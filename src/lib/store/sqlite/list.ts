import {toCounter} from '../shared/counter-moves.js';
import type {Counter, CounterPage} from '../store.js';
import {isPlainId, parseRawId, plainId, showRawId} from './row-id.js';
import type {Statements} from './statements.js';

/** Lists counters; the bytes of their ids are read only for a page that holds an id that is no plain text. */
export function listCounters(
  {list, listRaw}: Pick<Statements, 'list' | 'listRaw'>,
  {after, limit, atLeast}: CounterPage,
): readonly Counter[] {
  const start = after === undefined ? undefined : (parseRawId(after) ?? plainId(after));
  const page = {
    ...(start ?? plainId('')),
    isFirst: start === undefined ? 1 : 0,
    atLeast: atLeast ?? null,
    limit: limit ?? -1,
  };
  const rows = list.all(page);
  const counters = rows.flatMap(({id, next}) => (isPlainId(id) ? toCounter({mode: id, next}) : []));
  if (counters.length === rows.length) return counters;
  return listRaw.all(page).map((row) => toCounter({mode: showRawId(row), next: row.next}));
}
