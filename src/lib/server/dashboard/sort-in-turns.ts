import {setImmediate as nextTurn} from 'node:timers/promises';

/** Modes per query and per turn of the event loop: requests must not wait for more. */
export const CHUNK = 500;

interface Keyed<T> {
  readonly item: T;
  readonly key: number;
}

/** Sorts by a key, the highest first; equal keys keep their order. Requests are served between the turns. */
export async function sortInTurns<T>(items: readonly T[], keyOf: (item: T) => number): Promise<readonly T[]> {
  let runs: (readonly Keyed<T>[])[] = [];
  for (let first = 0; first < items.length; first += CHUNK) {
    if (first > 0) await nextTurn();
    // A key may change between the turns, so each is taken once.
    const run = items.slice(first, first + CHUNK).map((item) => ({item, key: keyOf(item)}));
    runs.push(run.sort((a, b) => b.key - a.key));
  }
  while (runs.length > 1) {
    const merged: (readonly Keyed<T>[])[] = [];
    for (let index = 0; index < runs.length; index += 2)
      merged.push(await merge(runs[index] ?? [], runs[index + 1] ?? []));
    runs = merged;
  }
  return (runs[0] ?? []).map(({item}) => item);
}

async function merge<T>(left: readonly Keyed<T>[], right: readonly Keyed<T>[]): Promise<readonly Keyed<T>[]> {
  const merged: Keyed<T>[] = [];
  let [atLeft, atRight] = [0, 0];
  for (;;) {
    const [first, second] = [left[atLeft], right[atRight]];
    const isLeft = second === undefined || (first !== undefined && first.key >= second.key);
    const next = isLeft ? first : second;
    if (next === undefined) return merged;
    merged.push(next);
    if (isLeft) atLeft++;
    else atRight++;
    if (merged.length % CHUNK === 0) await nextTurn();
  }
}
