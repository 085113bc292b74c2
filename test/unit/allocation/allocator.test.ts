import {dirname, join} from 'node:path';
import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises';
import {afterEach, describe, expect, it, onTestFinished, vi} from 'vitest';
import {Allocator, type AllocatorOptions} from '../../../src/lib/allocation/allocator.js';
import {CommitPace} from '../../../src/lib/allocation/commit-pace.js';
import {MarksFile} from '../../../src/lib/allocation/memory/marks-file.js';
import {EMPTY_RANGE} from '../../../src/lib/core/range.js';
import {toUniqueIDError, UniqueIDError} from '../../../src/lib/core/errors.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import {observe, type ObservedStore} from '../../helpers/databases/observed-store.js';
import {
  lockDatabase,
  makeSqliteDatabase,
  type SqliteTestDatabase,
} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {claim} from '../../helpers/databases/claims.js';

afterEach(() => {
  vi.restoreAllMocks();
});

interface Setup {
  readonly database: SqliteTestDatabase;
  readonly observed: ObservedStore;
  readonly allocator: Allocator;
}

async function setUp(options: Partial<AllocatorOptions> = {}): Promise<Setup> {
  const database = makeSqliteDatabase();
  const store = await database.open({create: true});
  await migrate(store);
  const observed = observe(store);
  const allocator = new Allocator(observed.store, {
    firstIndex: 0n,
    requestTimeoutMs: 10_000,
    maxQueue: 10_000,
    ...options,
  });
  return {database, observed, allocator};
}

const unavailable = (): UniqueIDError =>
  new UniqueIDError('DATABASE_UNAVAILABLE', 'The connection was lost.', {transient: true});

/** Two allocators of one database that share a file of high-water marks, as two processes do. */
async function setUpTwo(): Promise<Setup & {readonly other: Allocator}> {
  const path = join(makeWorkspace(), 'issued');
  const marksFile = (): MarksFile => new MarksFile({path, model: dirname(path), maxModes: 100});
  const first = await setUp({marksFile: marksFile()});
  const other = new Allocator(await first.database.open(), {
    ...{firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10_000, marksFile: marksFile()},
  });
  return {...first, other};
}

describe('two processes with one file of marks', () => {
  it('issue a range although the other has issued higher integers since it was claimed', async () => {
    const {allocator, other, observed} = await setUpTwo();
    observed.after = async () => {
      observed.after = () => Promise.resolve();
      await other.allocate('file', 5n);
      allocator.guard.memory.poll();
    };
    expect(await allocator.allocate('file', 10n)).toEqual({start: 0n, end: 9n});
    expect(allocator.guard.regressions()).toEqual([]);
    expect(await other.allocate('file', 1n)).toEqual({start: 15n, end: 15n});
  });

  it('issue no range that was committed before a restore after which the other has raised the counter', async () => {
    const {allocator, other, observed, database} = await setUpTwo();
    expect(await allocator.allocate('file', 10n)).toEqual({start: 0n, end: 9n});
    observed.after = async () => {
      observed.after = () => Promise.resolve();
      await database.execute('UPDATE uniqueindex SET "index" = 5');
      expect(await other.allocate('file', 3n)).toEqual({start: 10n, end: 12n});
    };
    // 10..19 were committed, but never issued by this process.
    expect(await allocator.allocate('file', 10n)).toEqual({start: 20n, end: 29n});
  });
});

describe('group commit', () => {
  it('commits together what arrives together, in order of arrival', async () => {
    const {allocator, observed} = await setUp();
    const taken = await Promise.all([1n, 2n, 3n].map((range) => allocator.allocate('file', range)));
    expect(taken).toEqual([
      {start: 0n, end: 0n},
      {start: 1n, end: 2n},
      {start: 3n, end: 5n},
    ]);
    expect(observed.groups).toEqual([[claim('file', 6n)]]);
  });

  it('collects the requests that arrive during a commit into the next batch', async () => {
    const {allocator, observed} = await setUp();
    let release = (): void => undefined;
    observed.before = () => new Promise((resolve) => (release = resolve));
    const first = allocator.allocate('file', 1n);
    while (observed.groups.length === 0) await sleep(1);
    const later = ['b', 'file', 'a', 'file'].map((mode) => allocator.allocate(mode, 10n));
    await sleep(5);
    expect(observed.groups).toHaveLength(1);
    observed.before = () => Promise.resolve();
    release();
    await Promise.all([first, ...later]);
    const claims = [
      claim('a', 10n),
      claim('b', 10n),
      // One integer has been issued, so the counter must be at least 1.
      claim('file', 20n, 1n),
    ];
    expect(observed.groups.slice(1)).toEqual([claims]);
  });

  it('answers only after the commit', async () => {
    const {allocator, observed, database} = await setUp();
    const seen: unknown[] = [];
    observed.after = async () => {
      seen.push(await database.query('SELECT "index" FROM uniqueindex'));
    };
    let answered = false;
    const taken = allocator.allocate('file', 5n).then(() => (answered = true));
    observed.before = () => {
      expect(answered).toBe(false);
      return Promise.resolve();
    };
    await taken;
    expect(seen).toEqual([[['5']]]);
  });

  it.each([
    ['any mode may be created', undefined],
    ['the modes are far from their limit', {createModes: true, maxModes: 1_000_000}],
    ['the modes are near their limit', {createModes: true, maxModes: 5}],
  ])('starts the next commit before it answers the last batch if many wait, and %s', async (_, policy) => {
    const {allocator, observed, database} = await setUp(policy === undefined ? {} : {policy});
    await database.execute(`INSERT INTO uniqueindex VALUES ('file', 5), ('other', 5)`);
    await allocator.allocate('file', 1n);
    const events: string[] = [];
    // Callbacks, because a promise would resolve one turn later.
    const ask = (mode: string): Promise<void> =>
      new Promise((resolve, rejected) => {
        const granted = (): void => {
          events.push(`answered ${mode}`);
          resolve();
        };
        allocator.request(mode, 1n, {granted, rejected});
      });
    // As if the answers took longer than a commit.
    vi.spyOn(CommitPace.prototype, 'answersFirst', 'get').mockReturnValue(false);
    let other: Promise<void> | undefined;
    observed.before = () => {
      events.push('asked');
      other ??= ask('other');
      return Promise.resolve();
    };
    await ask('file');
    await other;
    expect(events).toEqual(['asked', 'asked', 'answered file', 'answered other']);
  });

  it('answers first if a commit takes longer than the answers', () => {
    const pace = new CommitPace();
    expect(pace.answersFirst).toBe(false);
    pace.recordCommit(500, 500, 4);
    expect(pace.answersFirst).toBe(false);
    pace.recordCommit(500, 500, 6);
    expect(pace.answersFirst).toBe(true);
  });

  it.each([2, 10])(
    'serves the next requests of all clients by the next commit, if one takes %i ms',
    async (ms) => {
      const {allocator, observed} = await setUp();
      observed.before = () => sleep(ms);
      const CLIENTS = 8;
      const client = async (): Promise<void> => {
        for (let turn = 0; turn < 20; turn++) {
          await allocator.allocate('file', 1n);
          await nextTurn();
        }
      };
      const clients = [client()];
      // The others come during the first commit.
      while (observed.groups.length === 0) await sleep(1);
      while (clients.length < CLIENTS) clients.push(client());
      await Promise.all(clients);
      const full = observed.groups.filter(([each]) => each?.count === BigInt(CLIENTS));
      expect(full.length).toBeGreaterThan(observed.groups.length / 2);
    },
  );

  it.each([2, 60_000])(
    'does not wait for clients that do not come back, after a commit of %i ms',
    async (ms) => {
      const pace = new CommitPace();
      pace.recordCommit(1000, 0, ms);
      let looks = 0;
      await pace.gather(() => {
        looks++;
        return 1;
      });
      expect(looks).toBeLessThan(10);
    },
  );

  it('waits for milliseconds at most, even after a commit of a minute', async () => {
    const pace = new CommitPace();
    pace.recordCommit(1000, 0, 60_000);
    let waiting = 1;
    const started = performance.now();
    await pace.gather(() => (waiting += 1e-6));
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('starts new modes at the first index', async () => {
    const {allocator} = await setUp({firstIndex: 1n});
    expect(await allocator.allocate('file', 10n)).toEqual({start: 1n, end: 10n});
  });

  it('answers an empty request without touching the database', async () => {
    const {allocator, observed} = await setUp();
    expect(await allocator.allocate('file', 0n)).toEqual(EMPTY_RANGE);
    expect(observed.groups).toEqual([]);
  });
});

describe('a request that cannot be served', () => {
  it('fails alone when its counter is exhausted', async () => {
    const {allocator, database} = await setUp();
    await database.execute(`INSERT INTO uniqueindex VALUES ('full', 9223372036854775807)`);
    const results = await Promise.allSettled(['a', 'full', 'z'].map((mode) => allocator.allocate(mode, 2n)));
    expect(results.map(({status}) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({reason: {code: 'COUNTER_EXHAUSTED'}});
  });

  it('leaves the remaining integers to smaller requests', async () => {
    const {allocator, database} = await setUp();
    await database.execute(`INSERT INTO uniqueindex VALUES ('file', 9223372036854775800)`);
    const results = await Promise.allSettled(
      [3n, 8n, 3n, 5n, 1n, 1n].map((range) => allocator.allocate('file', range)),
    );
    expect(results).toMatchObject([
      {value: {start: 9_223_372_036_854_775_800n, end: 9_223_372_036_854_775_802n}},
      {
        reason: {
          code: 'COUNTER_EXHAUSTED',
          message: expect.stringMatching(/\b4\b.*\b8\b/) as string,
        },
      },
      {value: {start: 9_223_372_036_854_775_803n, end: 9_223_372_036_854_775_805n}},
      {reason: {code: 'COUNTER_EXHAUSTED'}},
      {value: {start: 9_223_372_036_854_775_806n, end: 9_223_372_036_854_775_806n}},
      {reason: {code: 'COUNTER_EXHAUSTED'}},
    ]);
    expect(await database.query('SELECT "index" FROM uniqueindex')).toEqual([['9223372036854775807']]);
  });

  it('fails alone when a constraint of the table rejects its mode', async () => {
    const {allocator, database} = await setUp();
    await database.execute(`ALTER TABLE uniqueindex ADD COLUMN note CHECK ("id" <> 'bad')`);
    const results = await Promise.allSettled(['a', 'bad', 'z'].map((mode) => allocator.allocate(mode, 2n)));
    expect(results).toMatchObject([
      {status: 'fulfilled'},
      {reason: {code: 'MODE_NOT_ALLOWED'}},
      {status: 'fulfilled'},
    ]);
  });

  it('fails alone when its mode may not be created, without a search for existing modes', async () => {
    const {allocator, observed, database} = await setUp({policy: {createModes: true, maxModes: 3}});
    await database.execute(`INSERT INTO uniqueindex VALUES ('a', 5), ('c', 0)`);
    const results = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((mode) => allocator.allocate(mode, 2n)),
    );
    expect(results).toMatchObject([
      {value: {start: 5n, end: 6n}},
      {value: {start: 0n, end: 1n}},
      {value: {start: 0n, end: 1n}},
      {reason: {code: 'MODE_NOT_ALLOWED'}},
    ]);
    expect(observed.groups).toEqual([
      ['a', 'b', 'c', 'd'].map((mode) => claim(mode, 2n, 0n)),
      [claim('b', 2n)],
    ]);
  });

  it('is rejected when the queue is full', async () => {
    const {allocator} = await setUp({maxQueue: 2});
    const results = await Promise.allSettled([1n, 1n, 1n].map((range) => allocator.allocate('file', range)));
    expect(results.map(({status}) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(results[2]).toMatchObject({reason: {code: 'QUEUE_FULL'}});
  });

  it('is rejected when queued and committing requests reach the limit, also while commits fail', async () => {
    const {allocator, observed} = await setUp({maxQueue: 3, requestTimeoutMs: 300});
    observed.before = async () => {
      await sleep(20);
      throw unavailable();
    };
    const codes: string[] = [];
    const asked: Promise<unknown>[] = [];
    for (let turn = 0; turn < 30; turn++) {
      asked.push(
        allocator.allocate('file', 1n).catch((error: unknown) => codes.push(toUniqueIDError(error).code)),
      );
      expect(allocator.queueLength).toBeLessThanOrEqual(3);
      await sleep(5);
    }
    await Promise.all(asked);
    expect(codes).toHaveLength(30);
    expect(codes.filter((code) => code === 'QUEUE_FULL').length).toBeGreaterThan(10);
  });

  it('is rejected after close(), which still answers all accepted requests', async () => {
    const {allocator} = await setUp();
    const accepted = allocator.allocate('file', 4n);
    const closed = allocator.close();
    await expect(allocator.allocate('file', 1n)).rejects.toMatchObject({code: 'STOPPING'});
    await closed;
    expect(await accepted).toEqual({start: 0n, end: 3n});
  });
});

describe('a batch', () => {
  const unwritable = (): UniqueIDError => new UniqueIDError('INVALID_MODE', 'The table cannot hold a mode.');

  /** Delays the first commit, so that all requests of `ask` wait in the queue. */
  async function gather(setup: Setup, ask: () => Promise<unknown>[]): Promise<void> {
    const {allocator, observed} = setup;
    const {before} = observed;
    let release = (): void => undefined;
    observed.before = () => new Promise((resolve) => (release = resolve));
    const first = allocator.allocate('first', 1n);
    while (observed.groups.length === 0) await sleep(1);
    const asked = ask();
    observed.before = before;
    release();
    await Promise.all([first, ...asked]);
    observed.groups.shift();
  }

  it('has a bounded number of modes, and every request is answered in order of arrival', async () => {
    const setup = await setUp();
    const modes = Array.from({length: 2300}, (_, index) => (index % 50 === 0 ? 'file' : `mode${index}`));
    const starts: bigint[] = [];
    await gather(setup, () =>
      modes.map(async (mode) => {
        const {start} = await setup.allocator.allocate(mode, 1n);
        if (mode === 'file') starts.push(start);
      }),
    );
    const sizes = setup.observed.groups.map((claims) => claims.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
    expect(sizes.length).toBeLessThan(10);
    expect(starts).toEqual(starts.map((_, index) => BigInt(index)));
  });

  it('has a bounded total length of modes in bytes', async () => {
    const setup = await setUp();
    const modes = Array.from({length: 200}, (_, index) => '🗂'.repeat(250) + String(index).padStart(5, '0'));
    await gather(setup, () => modes.map((mode) => setup.allocator.allocate(mode, 1n)));
    for (const claims of setup.observed.groups)
      expect(Buffer.byteLength(claims.map(({mode}) => mode).join(''))).toBeLessThanOrEqual(65_536);
    expect(setup.observed.groups.flat()).toHaveLength(200);
  });

  it('has no limit of requests for one mode', async () => {
    const setup = await setUp();
    await gather(setup, () => Array.from({length: 9000}, () => setup.allocator.allocate('file', 1n)));
    expect(setup.observed.groups).toEqual([[claim('file', 9000n)]]);
  });

  it('keeps the order of arrival when the database fails between batches', async () => {
    const setup = await setUp();
    let calls = 0;
    setup.observed.before = () => (++calls % 2 === 1 ? Promise.reject(unavailable()) : Promise.resolve());
    const starts: bigint[] = [];
    await gather(setup, () =>
      Array.from({length: 1800}, async (_, index) => {
        const {start} = await setup.allocator.allocate(index % 3 === 0 ? 'file' : `mode${index}`, 1n);
        if (index % 3 === 0) starts.push(start);
      }),
    );
    expect(starts).toEqual(starts.map((_, index) => BigInt(index)));
  });

  it('is halved until a rejected mode is alone', async () => {
    const setup = await setUp();
    const {observed} = setup;
    observed.before = () =>
      observed.groups.at(-1)?.some(({mode}) => mode === 'mode77')
        ? Promise.reject(new Error('no'))
        : Promise.resolve();
    const codes: string[] = [];
    await gather(setup, () =>
      Array.from({length: 256}, (_, index) =>
        setup.allocator.allocate(`mode${index}`, 1n).catch((error: unknown) => {
          codes.push(toUniqueIDError(error).code);
        }),
      ),
    );
    expect(codes).toEqual(['UNEXPECTED']);
    // The whole batch, and two halves for each of its eight splits.
    expect(observed.groups.length).toBeLessThanOrEqual(17);
  });

  it('excludes a mode that the table has rejected before', async () => {
    const {allocator, observed} = await setUp();
    observed.before = () =>
      observed.groups.at(-1)?.some(({mode}) => mode === 'bad')
        ? Promise.reject(unwritable())
        : Promise.resolve();
    await expect(allocator.allocate('bad', 1n)).rejects.toMatchObject({code: 'INVALID_MODE'});
    const asked = observed.groups.length;
    await expect(allocator.allocate('bad', 1n)).rejects.toMatchObject({code: 'INVALID_MODE'});
    expect(observed.groups).toHaveLength(asked);
    expect(await allocator.allocate('good', 1n)).toEqual({start: 0n, end: 0n});
  });

  it('with only an unwritable mode does not count as a database failure', async () => {
    const {allocator, observed} = await setUp();
    observed.before = () => Promise.reject(unwritable());
    await expect(allocator.allocate('bad', 1n)).rejects.toMatchObject({code: 'INVALID_MODE'});
    expect(allocator.lastFailure()).toBeUndefined();
  });
});

describe('a caller that sends its next request from a callback', () => {
  const settled = (allocator: Allocator, mode = 'file'): Promise<unknown> =>
    new Promise((granted, rejected) => {
      allocator.request(mode, 1n, {granted, rejected});
    });

  it('gets an answer after a grant', async () => {
    const {allocator} = await setUp();
    const second = new Promise((resolve, rejected) => {
      const granted = (): void => {
        settled(allocator).then(resolve, rejected);
      };
      allocator.request('file', 1n, {granted, rejected});
    });
    expect(await second).toEqual({start: 1n, end: 1n});
    await allocator.close();
  });

  it('gets an answer after an error', async () => {
    const {allocator, observed} = await setUp({requestTimeoutMs: 200});
    for (const error of [new UniqueIDError('DATABASE_FULL', 'The disk is full.'), unavailable()]) {
      observed.before = () => Promise.reject(error);
      const second = new Promise((resolve, reject) => {
        const rejected = (): void => {
          observed.before = () => Promise.resolve();
          settled(allocator).then(resolve, reject);
        };
        allocator.request('file', 1n, {granted: reject, rejected});
      });
      expect(await second).toMatchObject({start: expect.any(BigInt) as bigint});
    }
  });

  it('gets an answer before close() resolves, and STOPPING if it asks later', async () => {
    const {allocator} = await setUp();
    const events: string[] = [];
    let closed: Promise<unknown> | undefined;
    allocator.request('file', 1n, {
      granted: () => {
        void settled(allocator).then(() => events.push('second'));
        closed = allocator.close().then(() => events.push('closed'));
        settled(allocator).catch((error: unknown) => events.push(toUniqueIDError(error).code));
      },
      rejected: () => undefined,
    });
    while (closed === undefined) await sleep(1);
    await closed;
    expect(events).toEqual(['STOPPING', 'second', 'closed']);
  });

  it.each(['granted', 'rejected'] as const)(
    'does not harm other callers by throwing in %s',
    async (answer) => {
      const {allocator, observed} = await setUp();
      const warnings: unknown[] = [];
      const note = (warning: unknown): number => warnings.push(warning);
      process.on('warning', note);
      onTestFinished(() => {
        process.off('warning', note);
      });
      const throwing = (): void => {
        throw new Error('a fault of the caller');
      };
      if (answer === 'rejected') {
        observed.before = () => Promise.reject(new UniqueIDError('DATABASE_FULL', 'The disk is full.'));
      }
      allocator.request('file', 1n, {granted: throwing, rejected: throwing});
      const others = [settled(allocator), settled(allocator, 'other')];
      const results = await Promise.allSettled(others);
      expect(results.map(({status}) => status)).toEqual(
        answer === 'granted' ? ['fulfilled', 'fulfilled'] : ['rejected', 'rejected'],
      );
      observed.before = () => Promise.resolve();
      expect(await settled(allocator)).toMatchObject({start: expect.any(BigInt) as bigint});
      await allocator.close();
      while (warnings.length === 0) await sleep(1);
      expect(warnings).toMatchObject([{message: 'a fault of the caller'}]);
    },
  );
});

describe('an unavailable database', () => {
  it('is retried until it works', async () => {
    const {allocator, observed} = await setUp();
    let failures = 3;
    observed.before = () => (failures-- > 0 ? Promise.reject(unavailable()) : Promise.resolve());
    expect(await allocator.allocate('file', 5n)).toEqual({start: 0n, end: 4n});
    expect(observed.groups).toHaveLength(4);
  });

  it('costs a gap and no duplicate when the answer to a commit is lost', async () => {
    const {allocator, observed} = await setUp();
    observed.after = () => {
      observed.after = () => Promise.resolve();
      return Promise.reject(unavailable());
    };
    expect(await allocator.allocate('file', 5n)).toEqual({start: 5n, end: 9n});
  });

  it('is not retried after the request timeout', async () => {
    const {allocator, observed, database} = await setUp({requestTimeoutMs: 150});
    observed.before = () => Promise.reject(unavailable());
    await expect(allocator.allocate('file', 1n)).rejects.toMatchObject({code: 'DATABASE_UNAVAILABLE'});
    observed.before = () => Promise.resolve();
    expect(await allocator.allocate('file', 1n)).toEqual({start: 0n, end: 0n});
    expect(await database.query('SELECT "index" FROM uniqueindex')).toEqual([['1']]);
  });

  it('fails requests in time if it never answers, and late commits become gaps', async () => {
    const {allocator, observed} = await setUp({requestTimeoutMs: 150});
    let release = (): void => undefined;
    observed.before = () => new Promise((resolve) => (release = resolve));
    await expect(allocator.allocate('file', 5n)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
    });
    observed.before = () => Promise.resolve();
    const next = allocator.allocate('file', 1n);
    release();
    expect(await next).toEqual({start: 5n, end: 5n});
  });

  it('is not retried if its disk is full', async () => {
    const {allocator, observed} = await setUp();
    observed.before = () => Promise.reject(new UniqueIDError('DATABASE_FULL', 'The disk is full.'));
    await expect(allocator.allocate('file', 1n)).rejects.toMatchObject({code: 'DATABASE_FULL'});
    expect(observed.groups).toHaveLength(1);
  });

  it('is retried while another process locks it, without a gap', async () => {
    const {allocator, database} = await setUp();
    const release = lockDatabase(database.path);
    const taken = allocator.allocate('file', 5n);
    setTimeout(() => {
      release();
    }, 400);
    expect(await taken).toEqual({start: 0n, end: 4n});
  });
});
