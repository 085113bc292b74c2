import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {ModeTable} from '../../../../src/lib/server/dashboard/mode-table.js';
import type {ModeTotals} from '../../../../src/lib/server/observability/mode-series.js';
import {migrate} from '../../../../src/lib/store/schema/migrate.js';
import type {Store} from '../../../../src/lib/store/store.js';
import {claim} from '../../../helpers/databases/claims.js';
import {makeSqliteDatabase, type SqliteTestDatabase} from '../../../helpers/databases/sqlite-database.js';

let database: SqliteTestDatabase;
let store: Store;

beforeEach(async () => {
  database = makeSqliteDatabase();
  store = await database.open({create: true});
  await migrate(store);
  vi.useFakeTimers({toFake: ['performance']});
});

afterEach(() => {
  vi.useRealTimers();
});

/** A mode of a service that counts what it has issued. */
class Served {
  readonly table = new ModeTable();
  readonly totals: ModeTotals = {allocations: 0, ids: 0, next: 0n, sampledIds: 0};

  async issue(count: number): Promise<void> {
    const [result] = await store.advance([claim('file', BigInt(count))], 0n);
    if (result?.kind !== 'granted') throw new Error('no range');
    this.totals.ids += count;
    this.totals.next = result.next;
  }

  /** Lets seconds pass, each with a look at the commits. */
  pass(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      vi.advanceTimersByTime(1000);
      this.table.noteCommits([['file', this.totals]]);
    }
  }

  get rate(): number | null | undefined {
    return this.table.get('file')?.rate;
  }
}

/** Returns a mode with ten integers, after a reading. */
async function listed(): Promise<Served> {
  const served = new Served();
  await served.issue(10);
  served.pass(1);
  await served.table.read(store);
  return served;
}

const moveByOther = (count: number): Promise<unknown> => store.advance([claim('file', BigInt(count))], 0n);

describe('the rate of a mode', () => {
  it('is that of this service each second, and falls to 0 between readings', async () => {
    const served = await listed();
    await served.issue(300);
    served.pass(1);
    expect(served.rate).toBe(300);
    served.pass(1);
    expect(served.rate).toBe(0);
  });

  it('includes what others take, over the time between two readings', async () => {
    const served = await listed();
    await moveByOther(1000);
    served.pass(10);
    await served.table.read(store);
    expect(served.rate).toBe(100);
    served.pass(3);
    expect(served.rate).toBe(100);
    await moveByOther(970);
    await served.issue(30);
    served.pass(1);
    expect(served.table.get('file')?.next).toBe(2010n);
    expect(served.rate).toBe(250);
  });

  it('starts again after a reset back', async () => {
    const served = new Served();
    await served.issue(1000);
    served.pass(1);
    await served.table.read(store);
    await served.issue(500);
    served.pass(1);
    expect(served.rate).toBe(500);
    await database.execute('UPDATE uniqueindex SET "index" = 100');
    vi.advanceTimersByTime(100);
    await served.table.read(store);
    expect(served.table.get('file')).toMatchObject({next: 100n, rate: null});
    await served.issue(40);
    served.pass(1);
    expect(served.rate).toBe(40);
  });

  it('does not follow a reading that is older than a commit', async () => {
    const served = await listed();
    await served.table.read({
      counters: async (page) => {
        const found = await store.counters(page);
        if (served.totals.ids === 10) {
          await served.issue(200);
          served.pass(1);
        }
        return found;
      },
    });
    expect(served.table.get('file')).toMatchObject({next: 210n, rate: 200});
  });

  it('does not go back to a commit that is older than a reading', async () => {
    const served = new Served();
    await served.issue(10);
    served.pass(1);
    await served.issue(5);
    await moveByOther(985);
    vi.advanceTimersByTime(100);
    await served.table.read(store);
    served.pass(1);
    expect(served.table.get('file')?.next).toBe(1000n);
  });
});
