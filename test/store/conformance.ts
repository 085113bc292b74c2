import {describe, expect, it} from 'vitest';
import fc from 'fast-check';
import {Allocator} from '../../src/lib/allocation/allocator.js';
import {retryTransient} from '../../src/lib/util/retry.js';
import {MAX_COUNTER} from '../../src/lib/core/range.js';
import {migrate, planMigration} from '../../src/lib/store/schema/migrate.js';
import {ALL_MODES, epochOf} from '../../src/lib/store/epochs.js';
import type {Claim, Lineage, OpenOptions, Store} from '../../src/lib/store/store.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {claim, granted} from '../helpers/databases/claims.js';

/** A database that only the running test uses. */
export interface TestDatabase {
  /** Opens another store, which is closed at the end of the test. */
  readonly open: (options?: OpenOptions) => Promise<Store>;
  /** Runs SQL outside the store, as another program. */
  readonly execute: (sql: string) => Promise<void>;
  /** Returns the rows of a query, with each value as the text that the database shows. */
  readonly query: (sql: string) => Promise<readonly (readonly string[])[]>;
}

/** The permitted differences between databases. */
export interface Traits {
  readonly name: string;
  /** Makes a database without our tables. */
  readonly make: () => Promise<TestDatabase>;
  /** The quotation mark of identifiers. */
  readonly quote: '"' | '`';
  /** Statements that give the empty table of counters another shape that is also served. */
  readonly reshape?: readonly string[];
  /** True if the character set of the table lacks letters. */
  readonly fewLetters?: boolean;
}

/** More modes than one statement takes, in the order of their bytes; some have the maximal length. */
const modesLongerBy = (letter: string): readonly string[] =>
  Array.from(
    {length: 1500},
    (_, index) => `mode ${String(index).padStart(4, '0')}${letter.repeat(index < 600 ? 200 : 0)}`,
  );

const options = {firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10_000};

/** The one suite that every store passes, against a real database. */
export function describeStore({name, make, quote: q, reshape = [], fewLetters = false}: Traits): void {
  const insert = (mode: string, next: bigint | string): string =>
    `INSERT INTO uniqueindex (${q}id${q}, ${q}index${q}) VALUES ('${mode}', ${next})`;

  const manyModes = modesLongerBy(fewLetters ? 'x' : '🗂');
  const itWithAllLetters = (title: string, test: () => Promise<void>): void => {
    if (!fewLetters) it(title, test);
  };
  // The tables that the schema's steps make have the usual shape.
  const describeSchema = (title: string, tests: () => void): void => {
    if (reshape.length === 0) describe(title, tests);
  };

  async function ready(): Promise<{database: TestDatabase; store: Store}> {
    const database = await make();
    const store = await database.open({create: true});
    await migrate(store);
    for (const statement of reshape) await database.execute(statement);
    return {database, store};
  }

  describe(`${name}: advance`, () => {
    it('creates a mode at the first index and continues from there', async () => {
      const {store} = await ready();
      expect(await store.advance([claim('file', 10n)], 0n)).toEqual([granted(10n)]);
      expect(await store.advance([claim('file', 1n)], 0n)).toEqual([granted(11n)]);
      expect(await store.advance([claim('other', 5n)], 1n)).toEqual([granted(6n)]);
    });

    it('leaves a counter below the minimum of its claim unchanged, and does not create a missing mode', async () => {
      const {database, store} = await ready();
      await database.execute(insert('back', 10n));
      await database.execute(insert('there', 20n));
      await database.execute(insert('unused', 0n));
      const claims = [
        claim('absent', 5n, 0n),
        claim('back', 5n, 11n),
        claim('gone', 5n, 1n),
        claim('new', 5n),
        claim('there', 5n, 20n),
        claim('unused', 5n, 0n),
      ];
      expect(await store.advance(claims, 0n)).toEqual([
        {kind: 'missing'},
        {kind: 'behind', found: 10n},
        {kind: 'missing'},
        granted(5n),
        granted(25n),
        granted(5n),
      ]);
      expect(await store.counters()).toEqual([
        {mode: 'back', next: 10n},
        {mode: 'new', next: 5n},
        {mode: 'there', next: 25n},
        {mode: 'unused', next: 5n},
      ]);
      // A count that does not fit above any first index takes another path.
      const most = MAX_COUNTER - 20n;
      expect(await store.advance([claim('back', most, 11n)], 1n << 40n)).toEqual([
        {kind: 'behind', found: 10n},
      ]);
      expect(await store.advance([claim('back', most, 10n)], 1n << 40n)).toEqual([granted(most + 10n)]);
    });

    it('compares a counter also with the minimum of a claim that may create its mode', async () => {
      const {database, store} = await ready();
      await database.execute(insert('back', 10n));
      await database.execute(insert('there', 20n));
      const claims = ['back', 'new', 'there'].map((mode) => ({
        mode,
        count: 5n,
        minimum: 11n,
        mayCreate: true,
      }));
      expect(await store.advance(claims, 1n)).toEqual([
        {kind: 'behind', found: 10n},
        granted(6n),
        granted(25n),
      ]);
    });

    it('raises a counter below the minimum of a raised claim, in the allocation itself', async () => {
      const {database, store} = await ready();
      await database.execute(insert('ahead', 50n));
      await database.execute(insert('back', 10n));
      await database.execute(insert('broken', -5n));
      await database.execute(insert('full', MAX_COUNTER - 3n));
      const raised = (mode: string, count: bigint, minimum: bigint): Claim => ({
        ...claim(mode, count, minimum),
        mayCreate: true,
      });
      const claims = [
        raised('ahead', 5n, 20n),
        raised('back', 5n, 100n),
        raised('broken', 5n, 20n),
        raised('full', 5n, 20n),
        raised('huge', 2n ** 70n, 20n),
        raised('lost', 5n, 100n),
        raised('only', 0n, 30n),
      ];
      const results = await store.advanceRaised(claims, 1n, 0);
      expect(results).toEqual([
        granted(55n),
        granted(105n),
        {kind: 'rejected', error: expect.objectContaining({code: 'COUNTER_DAMAGED'}) as unknown},
        {kind: 'exhausted', remaining: 3n},
        {kind: 'exhausted', remaining: MAX_COUNTER - 20n},
        granted(105n),
        granted(30n),
      ]);
      expect(await store.counter('back')).toEqual({mode: 'back', next: 105n});
      expect(await store.counter('lost')).toEqual({mode: 'lost', next: 105n});
    });

    it('changes nothing for raised claims if a reset came first, and reports the epoch', async () => {
      const {database, store} = await ready();
      await database.execute(insert('file', 100n));
      const before = await store.lineage();
      expect(before).toEqual({identity: undefined, epoch: 0, modeEpochs: new Map()});
      expect(await store.moveCounters([{mode: 'file', from: 100n, to: 200n}])).toEqual([]);
      expect((await store.lineage()).epoch).toBe(0);
      expect(await store.moveCounters([{mode: 'file', from: 200n, to: 10n}])).toEqual([]);
      const {epoch} = await store.lineage();
      expect(epoch).toBeGreaterThan(0);
      const claims = ['file', 'gone'].map((mode) => ({mode, count: 5n, minimum: 200n, mayCreate: true}));
      expect(await store.advanceRaised(claims, 0n, 0)).toBe('reset');
      expect(await store.counters()).toEqual([{mode: 'file', next: 10n}]);
      expect(await store.moveCounters([{mode: 'file', from: 10n, to: 5n}])).toEqual([]);
      expect((await store.lineage()).epoch).toBeGreaterThan(epoch);
      // A move that conflicts is none.
      const latest = await store.lineage();
      expect(await store.moveCounters([{mode: 'file', from: 10n, to: 0n}])).toHaveLength(1);
      expect(await store.lineage()).toEqual(latest);
    });

    it('notes the epoch of a move back for its mode, and for all modes if they are many', async () => {
      const {store} = await ready();
      const modes = Array.from({length: 1103}, (_, index) => `mode ${String(index).padStart(4, '0')}`);
      await store.raiseCounters(
        modes.map((mode) => ({mode, next: 9n})),
        false,
      );
      const move = async (start: number, count: number, from: bigint, to: bigint): Promise<Lineage> => {
        const moves = modes.slice(start, start + count).map((mode) => ({mode, from, to}));
        expect(await store.moveCounters(moves)).toEqual([]);
        return store.lineage();
      };
      const first = await move(0, 1, 9n, 8n);
      expect([...first.modeEpochs.values()]).toEqual([first.epoch]);
      expect(epochOf(first, 'mode 0000')).toBe(first.epoch);
      expect(epochOf(first, 'mode 0001')).toBe(0);
      expect(await move(1102, 1, 9n, 10n)).toEqual(first);

      const again = await move(0, 1, 8n, 7n);
      expect(again.epoch).toBeGreaterThan(first.epoch);
      expect(epochOf(again, 'mode 0000')).toBe(again.epoch);

      const many = await move(1, 101, 9n, 8n);
      expect(many.modeEpochs.get(ALL_MODES)).toBe(many.epoch);
      expect(many.modeEpochs.size).toBe(2);

      // The number of rows is bounded.
      for (let start = 102; start < 1102; start += 100) await move(start, 100, 9n, 8n);
      const full = await move(1102, 1, 10n, 8n);
      expect(full.modeEpochs.size).toBeLessThanOrEqual(1000);
      expect(epochOf(full, 'mode 1102')).toBe(full.epoch);
    });

    it('never grants one integer twice to raised and ordinary claims at the same time', async () => {
      const {database, store} = await ready();
      await database.execute(insert('file', 10n));
      const other = await database.open();
      const takers = Array.from({length: 20}, async (_, index) => {
        const taker = index % 2 === 0 ? store : other;
        const claims = [{mode: index % 3 === 0 ? 'lost' : 'file', count: 5n, minimum: 100n, mayCreate: true}];
        const results = await retryTransient(() => taker.advanceRaised(claims, 0n, 0), {timeoutMs: 20_000});
        const [result] = results === 'reset' ? [] : results;
        return result?.kind === 'granted' ? `${claims[0]?.mode} ${result.next}` : 'none';
      });
      const ends = await Promise.all(takers);
      expect(new Set(ends).size).toBe(20);
      expect(ends).not.toContain('none');
      expect((await store.counter('file'))?.next).toBe(100n + 13n * 5n);
      expect((await store.counter('lost'))?.next).toBe(100n + 7n * 5n);
    });

    it('keeps the first identity, which no step of the schema and no reader of versions minds', async () => {
      const {store} = await ready();
      await store.ensureIdentity(4711);
      await store.ensureIdentity(4712);
      expect(await store.lineage()).toEqual({identity: 4711, epoch: 0, modeEpochs: new Map()});
      expect((await planMigration(store)).steps).toEqual([]);
      expect(await store.readSchema()).toEqual({kind: 'versioned', version: {major: 1, minor: 0}});
    });

    it('gives no identity to tables without a version, as a dump makes them that is being loaded', async () => {
      const {database, store} = await ready();
      await database.execute('DELETE FROM uniqueindexsystem');
      await store.ensureIdentity(4711);
      expect(await database.query('SELECT part FROM uniqueindexsystem')).toEqual([]);
    });

    it('reads several counters at once', async () => {
      const {database, store} = await ready();
      await database.execute(insert('a', 1n));
      await database.execute(insert('b', 2n));
      const counters = await store.readCounters(['b', 'missing', 'a']);
      expect([...counters].sort((x, y) => (x.mode < y.mode ? -1 : 1))).toEqual([
        {mode: 'a', next: 1n},
        {mode: 'b', next: 2n},
      ]);
      expect(await store.readCounters([])).toEqual([]);
    });

    it('takes several modes in one batch and returns the results in their order', async () => {
      const {store} = await ready();
      const claims = ['a', 'b', 'c'].map((mode, index) => claim(mode, BigInt(index + 1)));
      expect(await store.advance(claims, 0n)).toEqual([granted(1n), granted(2n), granted(3n)]);
      expect(await store.counters()).toEqual([
        {mode: 'a', next: 1n},
        {mode: 'b', next: 2n},
        {mode: 'c', next: 3n},
      ]);
    });

    itWithAllLetters(
      'distinguishes modes that differ only in case, accents, width or Unicode form',
      async () => {
        const {store} = await ready();
        const modes = [
          'file',
          'FILE',
          'File',
          'filé',
          'file\u0301',
          'ﬁle',
          'Файл',
          '文件',
          '🗂',
          'mode with space',
        ];
        for (const mode of modes)
          expect(await store.advance([claim(mode, 1n)], 0n), mode).toEqual([granted(1n)]);
        expect((await store.counters()).map(({mode}) => mode).sort()).toEqual([...modes].sort());
      },
    );

    itWithAllLetters('stores modes of 255 characters, also beyond the basic plane', async () => {
      const {store} = await ready();
      for (const mode of ['m'.repeat(255), '🗂'.repeat(255)]) {
        expect(await store.advance([claim(mode, 1n)], 0n)).toEqual([granted(1n)]);
        expect(await store.counter(mode)).toEqual({mode, next: 1n});
      }
    });

    it('never executes a mode as SQL', async () => {
      const {store} = await ready();
      const mode = `'; DROP TABLE uniqueindex; -- "\``;
      expect(await store.advance([claim(mode, 2n)], 0n)).toEqual([granted(2n)]);
      expect(await store.counter(mode)).toEqual({mode, next: 2n});
    });

    it('is exact beyond 2^53', async () => {
      const {database, store} = await ready();
      await database.execute(insert('file', 9_007_199_254_740_993n));
      expect(await store.advance([claim('file', 1n)], 0n)).toEqual([granted(9_007_199_254_740_994n)]);
      const claims = [claim('file', 4_611_686_018_427_387_905n)];
      expect(await store.advance(claims, 0n)).toEqual([granted(4_620_693_217_682_128_899n)]);
    });

    it('grants every integer up to 2^63-2, and rejects larger ones without a change', async () => {
      const {database, store} = await ready();
      await database.execute(insert('file', 9_223_372_036_854_775_800n));
      expect(await store.advance([claim('file', 8n)], 0n)).toEqual([{kind: 'exhausted', remaining: 7n}]);
      expect(await store.advance([claim('file', MAX_COUNTER)], 0n)).toEqual([
        {kind: 'exhausted', remaining: 7n},
      ]);
      expect(await store.advance([claim('file', 2n ** 70n)], 0n)).toEqual([
        {kind: 'exhausted', remaining: 7n},
      ]);
      expect(await store.counter('file')).toEqual({mode: 'file', next: 9_223_372_036_854_775_800n});
      expect(await store.advance([claim('file', 7n)], 0n)).toEqual([granted(MAX_COUNTER)]);
      expect(await store.advance([claim('file', 1n)], 0n)).toEqual([{kind: 'exhausted', remaining: 0n}]);
      expect(await database.query(`SELECT ${q}index${q} FROM uniqueindex`)).toEqual([
        ['9223372036854775807'],
      ]);
    });

    it('does not create a mode that its first range does not fit into', async () => {
      const {store} = await ready();
      expect(await store.advance([claim('new', MAX_COUNTER)], 1n)).toEqual([
        {kind: 'exhausted', remaining: MAX_COUNTER - 1n},
      ]);
      expect(await store.counter('new')).toBeUndefined();
      expect(await store.advance([claim('new', MAX_COUNTER)], 0n)).toEqual([granted(MAX_COUNTER)]);
    });

    it('grants from a counter below the first index a count that does not fit above it', async () => {
      const {database, store} = await ready();
      await database.execute(insert('low', 5n));
      expect(await store.advance([claim('low', MAX_COUNTER - 10n)], 100n)).toEqual([
        granted(MAX_COUNTER - 5n),
      ]);
    });

    it('rejects one mode of a batch and grants the others', async () => {
      const {database, store} = await ready();
      await database.execute(insert('full', MAX_COUNTER));
      const claims = ['a', 'full', 'z'].map((mode) => claim(mode, 3n));
      expect(await store.advance(claims, 0n)).toEqual([
        granted(3n),
        {kind: 'exhausted', remaining: 0n},
        granted(3n),
      ]);
    });

    it('gives each of many modes in a batch the same result as alone', async () => {
      const {database, store} = await ready();
      const there = Array.from({length: 20}, (_, index) => `mode${index}`);
      for (const mode of there) await database.execute(insert(mode, 100n));
      await database.execute(insert('nearly full', MAX_COUNTER - 2n));
      await database.execute(insert('full', MAX_COUNTER));
      await database.execute(insert('broken', -5n));
      await database.execute(insert('back', 10n));
      const claims = [
        ...there.map((mode, index) => claim(mode, BigInt(index + 1), 100n)),
        claim('Mode0', 3n),
        claim('absent', 3n, 0n),
        claim('back', 3n, 11n),
        claim('broken', 3n),
        claim('full', 3n),
        claim('gone', 3n, 1n),
        claim('huge', MAX_COUNTER + 1n),
        claim('mode', 3n),
        claim('nearly full', 2n),
      ];
      const results = await store.advance(claims, 1n);
      expect(results).toEqual([
        ...there.map((_, index) => granted(101n + BigInt(index))),
        granted(4n),
        {kind: 'missing'},
        {kind: 'behind', found: 10n},
        {kind: 'rejected', error: expect.objectContaining({code: 'COUNTER_DAMAGED'}) as unknown},
        {kind: 'exhausted', remaining: 0n},
        {kind: 'missing'},
        {kind: 'exhausted', remaining: MAX_COUNTER - 1n},
        granted(4n),
        granted(MAX_COUNTER),
      ]);
      for (const [index, {mode}] of claims.entries()) {
        const result = results[index];
        if (result?.kind === 'granted') expect((await store.counter(mode))?.next, mode).toBe(result.next);
      }
      expect((await store.counter('back'))?.next).toBe(10n);
      expect(await store.counter('gone')).toBeUndefined();
    });

    it('rejects a counter below zero, and leaves it unchanged', async () => {
      const {database, store} = await ready();
      await database.execute(insert('broken', -5n));
      const [result] = await store.advance([claim('broken', 1n)], 0n);
      expect(result).toMatchObject({error: {code: 'COUNTER_DAMAGED'}});
      expect(await store.counter('broken')).toEqual({mode: 'broken', next: undefined});
      expect(await database.query(`SELECT ${q}index${q} FROM uniqueindex`)).toEqual([['-5']]);
    });

    it('reports missing tables', async () => {
      const database = await make();
      const store = await database.open({create: true});
      await expect(store.advance([claim('file', 1n)], 0n)).rejects.toMatchObject({
        code: 'SCHEMA_MISSING',
      });
    });
  });

  describe(`${name}: allocation over several connections`, () => {
    it('returns disjoint contiguous ranges without a gap in any interleaving', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              who: fc.nat({max: 2}),
              mode: fc.constantFrom('a', 'b'),
              range: fc.bigInt(1n, 1000n),
              pause: fc.nat({max: 3}),
            }),
            {minLength: 1, maxLength: 40},
          ),
          async (requests) => {
            const {database, store} = await ready();
            const stores = [store, await database.open(), await database.open()];
            const allocators = stores.map((each) => new Allocator(each, options));
            const given: (Given & {mode: string; range: bigint})[] = [];
            await Promise.all(
              requests.map(async ({who, mode, range, pause}) => {
                for (let turn = 0; turn < pause; turn++) await new Promise(setImmediate);
                const taken = await allocators[who]?.allocate(mode, range);
                if (taken !== undefined) given.push({...taken, mode, range});
              }),
            );
            expect(given).toHaveLength(requests.length);
            for (const {start, end, range} of given) expect(end - start + 1n).toBe(range);
            for (const mode of ['a', 'b']) {
              const {overlaps, gaps, next} = flaws(given.filter((each) => each.mode === mode));
              expect({overlaps, gaps}).toEqual({overlaps: [], gaps: []});
              expect((await store.counter(mode))?.next ?? 0n).toBe(next);
            }
            for (const each of stores) await each.close();
          },
        ),
        {numRuns: 15},
      );
    });

    it('returns disjoint contiguous ranges for many existing and new modes', async () => {
      const {database, store} = await ready();
      const modes = Array.from({length: 40}, (_, index) => `mode${index}`);
      for (const mode of modes.slice(0, 20)) await database.execute(insert(mode, 0n));
      const stores = [store, await database.open(), await database.open()];
      const given = new Map<string, Given[]>(modes.map((mode) => [mode, []]));
      await Promise.all(
        stores.map(async (each, who) => {
          const allocator = new Allocator(each, options);
          for (let round = 1; round <= 15; round++) {
            // Each store requests other modes in another order.
            const wanted = modes.filter((_, index) => (index * 7 + who + round) % 3 !== 0);
            if (who === 1) wanted.reverse();
            await Promise.all(
              wanted.map(async (mode, index) => {
                const taken = await allocator.allocate(mode, BigInt((index % 5) + 1));
                given.get(mode)?.push(taken);
              }),
            );
          }
        }),
      );
      for (const [mode, runs] of given) {
        const {overlaps, gaps, next} = flaws(runs);
        expect({overlaps, gaps}, mode).toEqual({overlaps: [], gaps: []});
        expect((await store.counter(mode))?.next, mode).toBe(next);
      }
    });

    it('returns higher integers for later requests on any connection', async () => {
      const {database, store} = await ready();
      const allocators = [store, await database.open()].map((each) => new Allocator(each, options));
      let last = -1n;
      for (let turn = 0; turn < 20; turn++) {
        const taken = await allocators[turn % 2]?.allocate('file', 3n);
        expect(taken?.start).toBe(last + 1n);
        last = taken?.end ?? last;
      }
    });
  });

  describe(`${name}: counters`, () => {
    it('lists them page by page in the order of their bytes', async () => {
      const {store} = await ready();
      for (const mode of ['b', 'a', 'B', 'é', 'c']) await store.advance([claim(mode, 1n)], 0n);
      expect((await store.counters()).map(({mode}) => mode)).toEqual(['B', 'a', 'b', 'c', 'é']);
      expect((await store.counters({after: 'a', limit: 2})).map(({mode}) => mode)).toEqual(['b', 'c']);
      expect(await store.counters({after: 'é'})).toEqual([]);
    });

    it('finds the highest counters of any mode, without damaged ones', async () => {
      const {database, store} = await ready();
      expect(await store.highestCounters(3)).toEqual([]);
      for (const [mode, next] of [
        ['b', 5n],
        ['a', MAX_COUNTER],
        ['d', 7n],
        ['c', 6n],
        ['e', 0n],
      ] as const)
        await database.execute(insert(mode, next));
      await database.execute(insert('z', -1n));
      const highest = [
        {mode: 'a', next: MAX_COUNTER},
        {mode: 'd', next: 7n},
        {mode: 'c', next: 6n},
      ];
      expect(await store.highestCounters(3)).toEqual(highest);
      expect((await store.highestCounters(10)).map(({next}) => next)).toEqual([MAX_COUNTER, 7n, 6n, 5n, 0n]);
    });

    it('moves several counters, and allocation continues from there', async () => {
      const {store} = await ready();
      for (const mode of ['a', 'b']) await store.advance([claim(mode, 100n)], 0n);
      const moves = [
        {mode: 'a', from: 100n, to: 7n},
        {mode: 'b', from: 100n, to: MAX_COUNTER - 1n},
      ];
      expect(await store.moveCounters(moves)).toEqual([]);
      expect(await store.advance([claim('a', 1n)], 0n)).toEqual([granted(8n)]);
      expect(await store.advance([claim('b', 1n)], 0n)).toEqual([granted(MAX_COUNTER)]);
    });

    it('moves nothing if one counter has changed since it was read', async () => {
      const {store} = await ready();
      for (const mode of ['a', 'b']) await store.advance([claim(mode, 100n)], 0n);
      await store.advance([claim('b', 1n)], 0n);
      const moves = ['a', 'b', 'gone'].map((mode) => ({mode, from: 100n, to: 0n}));
      expect(await store.moveCounters(moves)).toEqual([
        {mode: 'b', next: 101n},
        {mode: 'gone', next: undefined},
      ]);
      expect(await store.counter('a')).toEqual({mode: 'a', next: 100n});
    });

    it('moves a counter in use forward, but never back', async () => {
      const {store} = await ready();
      await store.advance([claim('a', 150n)], 0n);
      expect(await store.moveCounters([{mode: 'a', from: 100n, to: 140n}])).toEqual([
        {mode: 'a', next: 150n},
      ]);
      expect(await store.moveCounters([{mode: 'a', from: 100n, to: 1000n}])).toEqual([]);
      expect(await store.counter('a')).toEqual({mode: 'a', next: 1000n});
    });

    it('moves thousands of counters, all or none', async () => {
      const {store} = await ready();
      const minimums = manyModes.map((mode, index) => ({mode, next: BigInt(index)}));
      await store.raiseCounters(minimums, false);
      const moves = minimums.map(({mode, next}) => ({mode, from: next, to: next + 5n}));
      const last = {mode: 'other', from: 1n, to: 0n};
      expect(await store.moveCounters([...moves, last])).toEqual([{mode: 'other', next: undefined}]);
      expect(await store.counters()).toEqual(minimums);
      expect(await store.moveCounters(moves)).toEqual([]);
      expect(await store.counters()).toEqual(moves.map(({mode, to}) => ({mode, next: to})));
    });

    it('repairs a damaged counter', async () => {
      const {database, store} = await ready();
      await database.execute(insert('broken', -5n));
      expect(await store.moveCounters([{mode: 'broken', from: undefined, to: 10n}])).toEqual([]);
      expect(await store.advance([claim('broken', 1n)], 0n)).toEqual([granted(11n)]);
    });
  });

  describe(`${name}: raising counters`, () => {
    it('raises thousands of counters, each to the higher of both values', async () => {
      const {database, store} = await ready();
      const [first = '', second = '', third = ''] = manyModes;
      await database.execute(insert(first, 1000n));
      await database.execute(insert(second, 7n));
      await database.execute(insert(third, -5n));
      const before = new Map([
        [first, 1000n],
        [second, 7n],
      ]);
      const minimums = manyModes.map((mode) => ({mode, next: 10n}));
      const raises = minimums.map(({mode}) => ({
        mode,
        stored: mode,
        before: before.get(mode),
        after: mode === first ? 1000n : 10n,
      }));
      expect(await store.raiseCounters(minimums, true)).toEqual(raises);
      expect(await store.countModes(10)).toBe(3);
      expect(await store.raiseCounters(minimums, false)).toEqual(raises);
      expect(await store.counters()).toEqual(raises.map(({mode, after}) => ({mode, next: after})));
    });

    itWithAllLetters(
      'distinguishes modes that differ by case, accent, width or zero-width characters',
      async () => {
        const {store} = await ready();
        expect(await store.comparison()).toMatchObject({kind: 'exact'});
        const modes = ['FILE', 'file', 'file\u200b', 'filé', 'ｆｉｌｅ'];
        const raises = await store.raiseCounters(
          modes.map((mode, index) => ({mode, next: BigInt(index)})),
          false,
        );
        expect(raises.map(({stored}) => stored)).toEqual(modes);
        expect((await store.counters()).map(({mode}) => mode)).toEqual(modes);
      },
    );
  });

  describe(`${name}: probe`, () => {
    const readProbe = `SELECT value FROM uniqueindexsystem WHERE part = 'probe'`;

    it('commits a write each time, and changes neither a counter nor the version', async () => {
      const {database, store} = await ready();
      await store.advance([claim('file', 10n)], 0n);
      const values: unknown[] = [];
      for (let turn = 0; turn < 4; turn++) {
        await store.probe();
        values.push((await database.query(readProbe))[0]?.[0]);
      }
      expect(values.slice(1)).not.toContain(undefined);
      for (const [turn, value] of values.entries()) if (turn > 0) expect(value).not.toBe(values[turn - 1]);
      expect(await store.counters()).toEqual([{mode: 'file', next: 10n}]);
      expect(await store.readSchema()).toEqual({kind: 'versioned', version: {major: 1, minor: 0}});
      expect(await planMigration(store)).toMatchObject({before: '1.0', steps: []});
    });

    it('works during allocations and other probes, and leaves no gap', async () => {
      const {database, store} = await ready();
      const other = await database.open();
      const allocators = [store, other].map((each) => new Allocator(each, options));
      const given: Given[] = [];
      const work = allocators.map(async (allocator) => {
        for (let turn = 0; turn < 20; turn++) given.push(await allocator.allocate('file', 3n));
      });
      const probes = [store, other].map(async (each) => {
        for (let turn = 0; turn < 10; turn++) await retryTransient(() => each.probe(), {timeoutMs: 10_000});
      });
      await Promise.all([...work, ...probes]);
      expect(flaws(given)).toEqual({overlaps: [], gaps: [], next: 120n});
    });

    it('fails if an allocation would fail, and leaves a database of another version unchanged', async () => {
      const database = await make();
      const store = await database.open({create: true});
      await expect(store.probe()).rejects.toMatchObject({code: 'SCHEMA_MISSING'});
      await migrate(store);
      await database.execute(`UPDATE uniqueindexsystem SET value = 2 WHERE part = 'major'`);
      await expect(store.probe()).rejects.toMatchObject({code: 'SCHEMA_TOO_NEW'});
      expect(await database.query(readProbe)).toEqual([]);
      await database.execute('DROP TABLE uniqueindex');
      await expect(store.probe()).rejects.toMatchObject({code: 'SCHEMA_DAMAGED'});
    });
  });

  describeSchema(`${name}: schema`, () => {
    const version = `SELECT part, value FROM uniqueindexsystem ORDER BY part`;
    const current = [
      ['major', '1'],
      ['minor', '0'],
    ];
    const unversionedTable = `CREATE TABLE uniqueindex (${q}id${q} VARCHAR(255) NOT NULL PRIMARY KEY, ${q}index${q} BIGINT NOT NULL)`;
    const systemTable =
      'CREATE TABLE uniqueindexsystem (part VARCHAR(255) NOT NULL PRIMARY KEY, value INTEGER NOT NULL)';

    it('creates the tables, once', async () => {
      const database = await make();
      const store = await database.open({create: true});
      expect(await store.readSchema()).toEqual({kind: 'absent'});
      const plan = await migrate(store);
      expect({before: plan.before, steps: plan.steps.length}).toEqual({before: 'none', steps: 1});
      expect(await database.query(version)).toEqual(current);
      expect(await migrate(store)).toMatchObject({before: '1.0', steps: []});
    });

    it('upgrades 0.0 and keeps every counter', async () => {
      const database = await make();
      const store = await database.open({create: true});
      await database.execute(unversionedTable);
      await database.execute(insert('file', 251_038n));
      expect(await store.readSchema()).toEqual({kind: 'versioned', version: {major: 0, minor: 0}});
      // The readers of the lineage rely on this code.
      await expect(store.lineage()).rejects.toMatchObject({code: 'SCHEMA_MISSING'});
      expect(await store.readCounters(['file'])).toEqual([{mode: 'file', next: 251_038n}]);
      const plan = await migrate(store);
      expect({before: plan.before, steps: plan.steps.length}).toEqual({before: '0.0', steps: 1});
      expect(await database.query(version)).toEqual(current);
      expect(await store.counters()).toEqual([{mode: 'file', next: 251_038n}]);
    });

    it('completes a migration that was interrupted before it wrote the version rows', async () => {
      const database = await make();
      const store = await database.open({create: true});
      await database.execute(unversionedTable);
      await database.execute(systemTable);
      await database.execute(insert('file', 7n));
      await migrate(store);
      expect(await database.query(version)).toEqual(current);
      expect(await store.counters()).toEqual([{mode: 'file', next: 7n}]);
    });

    it('ignores other rows than those of the version', async () => {
      const database = await make();
      const store = await database.open({create: true});
      await database.execute(unversionedTable);
      await database.execute(systemTable);
      await database.execute(`INSERT INTO uniqueindexsystem VALUES ('probe', 1)`);
      expect(await store.readSchema()).toEqual({kind: 'versioned', version: {major: 0, minor: 0}});
      await migrate(store);
      expect(await store.readSchema()).toEqual({kind: 'versioned', version: {major: 1, minor: 0}});
    });

    it('accepts a newer minor version, rejects a newer major version, and changes neither', async () => {
      const {database, store} = await ready();
      await database.execute(`UPDATE uniqueindexsystem SET value = 3 WHERE part = 'minor'`);
      expect(await migrate(store)).toMatchObject({before: '1.3', steps: []});
      await database.execute(`UPDATE uniqueindexsystem SET value = 2 WHERE part = 'major'`);
      await expect(planMigration(store)).rejects.toMatchObject({code: 'SCHEMA_TOO_NEW'});
      expect(await database.query(version)).toEqual([
        ['major', '2'],
        ['minor', '3'],
      ]);
    });

    it('does not create a new table of counters if the old one is lost', async () => {
      const {database, store} = await ready();
      await database.execute('DROP TABLE uniqueindex');
      await expect(planMigration(store)).rejects.toMatchObject({code: 'SCHEMA_DAMAGED'});
      await database.execute(`DELETE FROM uniqueindexsystem WHERE part = 'minor'`);
      expect(await store.readSchema()).toMatchObject({kind: 'damaged'});
    });

    it('applies each step once if several stores migrate simultaneously', async () => {
      const database = await make();
      const stores: Store[] = [];
      for (let index = 0; index < 3; index++) stores.push(await database.open({create: true}));
      const plans = await Promise.all(stores.map((store) => planMigration(store)));
      const outcomes: string[] = [];
      for (const [index, store] of stores.entries()) {
        for (const step of plans[index]?.steps ?? []) outcomes.push(await store.applyStep(step));
      }
      expect(outcomes).toEqual(['applied', 'already', 'already']);
      expect(await database.query(version)).toEqual(current);
    });
  });

  it(`${name}: reports its product, and how a commit is made durable`, async () => {
    const {store} = await ready();
    const facts = await store.facts();
    expect(facts.product).toMatch(/^\w+ \d+\.\d+/);
    expect(facts.durability).not.toBe('');
    expect(facts.warnings).toEqual([]);
  });
}
