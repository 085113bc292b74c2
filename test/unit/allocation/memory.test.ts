import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {Allocator} from '../../../src/lib/allocation/allocator.js';
import {MarksFile} from '../../../src/lib/allocation/memory/marks-file.js';
import {mergeLine} from '../../../src/lib/allocation/memory/entry.js';
import {formatLine, parseLine, type Line} from '../../../src/lib/allocation/memory/lines.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

const line = (kind: Line['kind'], next: bigint, epoch = 0): Line => ({
  kind,
  next,
  mode: 'file',
  origin: {identity: 1, epoch, place: 'a.b'},
});

describe('a file of high-water marks', () => {
  it('holds a mark before the answer of its integers', async () => {
    const cwd = makeWorkspace();
    const path = join(cwd, 'marks');
    const store = await makeSqliteDatabase(join(cwd, 'db.sqlite3')).open({create: true});
    await migrate(store);
    const marksFile = new MarksFile({path, model: cwd, maxModes: 10});
    const limits = {firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10};
    const allocator = new Allocator(store, {...limits, marksFile});
    for (const end of ['5', '10', '15']) {
      await allocator.allocate('file', 5n);
      expect(readFileSync(path, 'utf8')).toContain(`\t${end}\tfile\t`);
    }
    await allocator.guard.memory.close({sync: true});
  });

  it('has lines that are read as they were written, and rejects each that has changed', () => {
    const text = formatLine(line('mark', 9_223_372_036_854_775_807n)).trimEnd();
    expect(parseLine(text)).toEqual(line('mark', 9_223_372_036_854_775_807n));
    for (let index = 0; index < text.length; index++) {
      expect(parseLine(text.slice(0, index) + text.slice(index + 1))).toBeUndefined();
      expect(parseLine(text.slice(0, index))).toBeUndefined();
    }
  });

  it('means the same in every order of its lines, except that a reset voids earlier epochs', () => {
    const lines = [line('mark', 100n), line('reset', 5n, 7), line('mark', 8n, 7)];
    for (const order of [
      [0, 1, 2],
      [1, 0, 2],
      [1, 2, 0],
    ]) {
      const merged = order.reduce(
        (entry: ReturnType<typeof mergeLine> | undefined, index) =>
          mergeLine(entry, lines[index] ?? line('mark', 0n)),
        undefined,
      );
      expect(merged?.next).toBe(8n);
    }
  });
});
