import {setImmediate as nextTurn} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {CHUNK, sortInTurns} from '../../../../src/lib/server/dashboard/sort-in-turns.js';
import {seeded} from '../../../helpers/random.js';

describe('sortInTurns', () => {
  it.each([0, 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7])('sorts %s items as a stable sort does', async (count) => {
    const {fraction} = seeded(count);
    const items = Array.from({length: count}, (_, id) => ({id, key: Math.floor(fraction() * 50)}));
    const sorted = await sortInTurns(items, ({key}) => key);
    expect(sorted).toEqual(items.toSorted((a, b) => b.key - a.key));
  });

  it('leaves turns of the event loop to others, more of them for more items', async () => {
    const turnsOf = async (count: number): Promise<number> => {
      let turns = 0;
      const ended = new AbortController();
      const counting = (async () => {
        for (; !ended.signal.aborted; turns++) await nextTurn();
      })();
      await sortInTurns(
        Array.from({length: count}, (_, index) => index % 1000),
        (key) => key,
      );
      ended.abort();
      await counting;
      return turns;
    };
    // Each of five rounds looks at every item: one that sorts the runs, and four that merge eight of them.
    expect(await turnsOf(8 * CHUNK)).toBeGreaterThanOrEqual(4 * 8 - 1);
    expect(await turnsOf(16 * CHUNK)).toBeGreaterThanOrEqual(5 * 16 - 1);
  });
});
