import {appendFileSync, copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {Allocator} from '../../../../src/lib/allocation/allocator.js';
import {MarksFile} from '../../../../src/lib/allocation/memory/marks-file.js';
import {replaceMarks} from '../../../../src/lib/allocation/memory/create.js';
import {inodeOf} from '../../../../src/lib/allocation/memory/open-marks.js';
import {REPLACED_SUFFIX, rewriteMarks} from '../../../../src/lib/allocation/memory/rewrite.js';
import {EMPTY_RANGE, type IdRange} from '../../../../src/lib/core/range.js';
import {migrate} from '../../../../src/lib/store/schema/migrate.js';
import {observe, type ObservedStore} from '../../../helpers/databases/observed-store.js';
import {makeSqliteDatabase} from '../../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../../helpers/folders/workspace.js';

interface Setup {
  /** The path of the file of marks. */
  readonly path: string;
  /** The store of the first server. */
  readonly observed: ObservedStore;
  /** The store of the second server. */
  readonly others: ObservedStore;
  readonly first: Allocator;
  /** Another server with the same file of marks. */
  readonly second: Allocator;
  /** Puts the counter where a backup has it. */
  readonly restore: (next: number) => Promise<void>;
}

/** @param path of the file of marks */
async function setUp(path = join(makeWorkspace(), 'issued')): Promise<Setup> {
  const database = makeSqliteDatabase();
  const store = await database.open({create: true});
  await migrate(store);
  const [observed, others] = [observe(await database.open()), observe(store)];
  const start = (own: typeof store): Allocator =>
    new Allocator(own, {
      ...{firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10_000},
      marksFile: new MarksFile({path, model: dirname(path), maxModes: 10_000}),
    });
  const [first, second] = [start(observed.store), start(others.store)];
  await first.allocate('file', 10n);
  await second.allocate('other', 1n);
  const restore = (next: number): Promise<void> =>
    database.execute(`UPDATE uniqueindex SET "index" = ${next} WHERE "id" = 'file'`);
  return {path, observed, others, first, second, restore};
}

async function rewrite(path: string): Promise<void> {
  await rewriteMarks({path, inode: inodeOf(path) ?? 0n}, {maxModes: 10, isOwn: () => true});
}

/** Does something once, while a claim of the first server is pending. */
function once(observed: ObservedStore, when: 'before' | 'after', work: () => Promise<unknown>): void {
  observed[when] = async () => {
    observed[when] = () => Promise.resolve();
    await work();
  };
}

describe('a claim of one server, pending while a backup is restored', () => {
  it('takes no integer that another server has issued since it was sent', async () => {
    const {observed, first, second, restore} = await setUp();
    once(observed, 'before', async () => {
      expect(await second.allocate('file', 20n)).toEqual({start: 10n, end: 29n});
      // No lower than the mark that the claim knows.
      await restore(10);
    });
    expect(await first.allocate('file', 5n)).toEqual({start: 30n, end: 34n});
  });

  it('takes no integer that another server issues between its commit and its answer', async () => {
    const {observed, first, second, restore} = await setUp();
    once(observed, 'after', async () => {
      await restore(10);
      expect(await second.allocate('file', 20n)).toEqual({start: 10n, end: 29n});
    });
    expect(await first.allocate('file', 5n)).toEqual({start: 30n, end: 34n});
    // No counter is below its mark now; only the dropped range shows that one went back.
    expect(first.guard.raised.recent()).toMatchObject([{mode: 'file', found: 10n}]);
  });

  it('takes no integer that another server was granted too before either noted it', async () => {
    const {observed, others, first, second, restore} = await setUp();
    let answer: Promise<IdRange> | undefined;
    once(observed, 'after', async () => {
      await restore(10);
      await new Promise<void>((granted) => {
        once(others, 'after', () => {
          granted();
          return Promise.resolve();
        });
        answer = second.allocate('file', 2n);
      });
    });
    const [one, two] = [await first.allocate('file', 5n), (await answer) ?? EMPTY_RANGE];
    expect(one.start > two.end || two.start > one.end, `${one.start} and ${two.start}`).toBe(true);
  });

  it('is dropped if the file was rewritten so often that ranges of others may be unread', async () => {
    const {path, observed, first, second, restore} = await setUp();
    once(observed, 'before', async () => {
      await rewrite(path);
      expect(await second.allocate('file', 20n)).toEqual({start: 10n, end: 29n});
      for (let turn = 0; turn < 3; turn++) await rewrite(path);
      await restore(10);
    });
    expect(await first.allocate('file', 5n)).toEqual({start: 30n, end: 34n});
  });

  it('keeps its integers if another server raises the counter and issues others', async () => {
    const {observed, first, second, restore} = await setUp();
    once(observed, 'after', async () => {
      expect(await second.allocate('file', 20n)).toEqual({start: 15n, end: 34n});
      await restore(0);
      expect(await second.allocate('file', 1n)).toEqual({start: 35n, end: 35n});
    });
    expect(await first.allocate('file', 5n)).toEqual({start: 10n, end: 14n});
    expect(await first.allocate('file', 1n)).toEqual({start: 36n, end: 36n});
  });
});

describe('two servers that share a file of marks', () => {
  it('leave no gap, however their lines are mixed', async () => {
    const {observed, first, second} = await setUp();
    let next = 10n;
    for (const when of ['before', 'after'] as const) {
      once(observed, when, async () => {
        await second.allocate('file', 3n);
        await second.allocate('other', 2n);
        await second.allocate('file', 4n);
      });
      const range = await first.allocate('file', 5n);
      expect(range).toEqual(
        when === 'before' ? {start: next + 7n, end: next + 11n} : {start: next, end: next + 4n},
      );
      next += 12n;
    }
  });

  it.each([
    ['rewritten', rewrite],
    [
      'being rewritten',
      (path: string) => {
        copyFileSync(path, `${path}-new`);
        replaceMarks(path, `${path}-new`, REPLACED_SUFFIX);
        return Promise.resolve();
      },
    ],
  ])('leave no gap while the file is %s', async (_, work) => {
    const {path, observed, first} = await setUp();
    once(observed, 'after', async () => {
      await work(path);
      first.guard.memory.repair();
    });
    expect(await first.allocate('file', 5n)).toEqual({start: 10n, end: 14n});
  });

  it('leave no gap while the database gets another identity', async () => {
    const {observed, first, second} = await setUp();
    once(observed, 'after', async () => {
      await second.allocate('file', 3n);
      first.guard.memory.start({identity: 7, epoch: 0, modeEpochs: new Map()});
    });
    expect(await first.allocate('file', 5n)).toEqual({start: 10n, end: 14n});
  });

  it.each([
    [
      'deleted',
      (path: string) => {
        rmSync(path);
      },
    ],
    [
      'replaced',
      (path: string) => {
        renameSync(path, `${path}.aside`);
        appendFileSync(path, '');
      },
    ],
  ])('issue no integer twice if the file is %s while a claim is pending', async (_, harm) => {
    const {path, observed, first, second, restore} = await setUp();
    once(observed, 'before', async () => {
      harm(path);
      // A file that was moved aside may be one that is being rewritten, so the second look opens another.
      for (const {guard} of [first, first, second, second]) guard.memory.repair();
      expect(await second.allocate('file', 20n)).toEqual({start: 10n, end: 29n});
      await restore(10);
    });
    expect(await first.allocate('file', 5n)).toEqual({start: 30n, end: 34n});
  });
});

describe('a file of marks that can be used again', () => {
  const makeUnusable = (): {readonly path: string; readonly mend: () => void} => {
    const folder = join(makeWorkspace(), 'folder');
    writeFileSync(folder, 'no folder');
    const mend = (): void => {
      rmSync(folder);
      mkdirSync(folder);
    };
    return {path: join(folder, 'issued'), mend};
  };

  it('holds the next range, and those before it', async () => {
    const {path, mend} = makeUnusable();
    const {first, second, restore} = await setUp(path);
    mend();
    // The first range of each is dropped: another server may have issued it in the meantime.
    expect(await first.allocate('file', 5n)).toEqual({start: 15n, end: 19n});
    await restore(0);
    expect(await second.allocate('file', 1n)).toEqual({start: 20n, end: 20n});
  });

  it('shows a range that another server noted before this one opened it', async () => {
    const {path, mend} = makeUnusable();
    const {observed, first, second, restore} = await setUp(path);
    once(observed, 'after', async () => {
      mend();
      await restore(10);
      expect(await second.allocate('file', 20n)).toEqual({start: 30n, end: 49n});
      await restore(10);
    });
    expect(await first.allocate('file', 5n)).toEqual({start: 50n, end: 54n});
  });
});
