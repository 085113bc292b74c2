import {appendFileSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import fc from 'fast-check';
import {Allocator} from '../../../../src/lib/allocation/allocator.js';
import {HighWaterMarks, type Mark} from '../../../../src/lib/allocation/marks/high-water-marks.js';
import {MarksFile} from '../../../../src/lib/allocation/memory/marks-file.js';
import {MarkMemory} from '../../../../src/lib/allocation/memory/memory.js';
import {inodeOf} from '../../../../src/lib/allocation/memory/open-marks.js';
import {rewriteMarks} from '../../../../src/lib/allocation/memory/rewrite.js';
import {hash32} from '../../../../src/lib/util/hash.js';
import {formatLine, header, parseLine, placeOf} from '../../../../src/lib/allocation/memory/lines.js';
import {ALL_MODES} from '../../../../src/lib/store/epochs.js';
import {migrate} from '../../../../src/lib/store/schema/migrate.js';
import {makeSqliteDatabase} from '../../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../../helpers/folders/workspace.js';

const line = (next: bigint) =>
  ({kind: 'mark', next, mode: 'file', origin: {identity: 1, epoch: 7, place: 'a.b'}}) as const;

/** A line of a database of identity 1 at the place `here`, by someone who knows one of both, or both. */
interface Written extends Mark {
  readonly first?: bigint | undefined;
  readonly mode: string;
  readonly identity: number;
  readonly place: string;
}

const textOf = ({first, mode, epoch, next, identity, place}: Written): string =>
  formatLine({
    ...{kind: 'mark', mode, next, origin: {identity, epoch, place: placeOf(place)}},
    issued: first === undefined ? undefined : {first, writer: 'someone'},
  });

/** The epoch of the last reset in the database: later ones are those of a copy, whose marks do not count. */
const LAST_RESET = 3;

const written = fc.record({
  first: fc.constantFrom(undefined, 0n),
  mode: fc.constantFrom('file', 'other', 'third'),
  epoch: fc.integer({min: 0, max: LAST_RESET}),
  next: fc.bigInt({min: 0n, max: 9n}),
  identity: fc.constantFrom(0, 1, 2),
  place: fc.constantFrom('here', 'there'),
});

/** Reads the marks of the database of identity 1 that is `here`. */
async function marksIn(path: string): Promise<ReadonlyMap<string, Mark>> {
  const marks = new HighWaterMarks(100);
  const file = new MarksFile({path, model: path, maxModes: 100});
  const memory = new MarkMemory(file, marks, 'here');
  memory.start({identity: 1, epoch: LAST_RESET, modeEpochs: new Map([[ALL_MODES, LAST_RESET]])});
  expect(file.damagedLines).toBe(0);
  await memory.close({sync: false});
  return new Map(marks.entries());
}

async function rewrite(path: string): Promise<void> {
  await rewriteMarks({path, inode: inodeOf(path) ?? 0n}, {maxModes: 100, isOwn: () => true});
}

/** Returns the highest marks, in one pass over all lines that concern the database. */
function expected(lines: readonly Written[]): ReadonlyMap<string, Mark> {
  const all = new Map<string, Mark>();
  for (const {mode, epoch, next, identity, place} of lines) {
    if (identity !== 1 && place !== 'here') continue;
    const known = all.get(mode);
    const isHigher =
      known === undefined || epoch > known.epoch || (epoch === known.epoch && next > known.next);
    if (isHigher) all.set(mode, {epoch, next});
  }
  return all;
}

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
    const bare = line(9_223_372_036_854_775_807n);
    expect(parseLine(formatLine(bare).trimEnd())).toEqual(bare);
    const issue = {...bare, issued: {first: 9_223_372_036_854_775_800n, writer: 'z9'}};
    const text = formatLine(issue).trimEnd();
    expect(parseLine(text)).toEqual(issue);
    for (let index = 0; index < text.length; index++) {
      expect(parseLine(text.slice(0, index) + text.slice(index + 1))).toBeUndefined();
      expect(parseLine(text.slice(0, index))).toBeUndefined();
    }
  });

  it('means the same in every order of its lines, repeated or rewritten', async () => {
    const path = join(makeWorkspace(), 'marks');
    await fc.assert(
      fc.asyncProperty(
        fc.array(written, {maxLength: 12}).chain((lines) =>
          fc.record({
            lines: fc.constant(lines),
            repeated: fc.shuffledSubarray(lines),
            shuffled: fc.shuffledSubarray(lines, {minLength: lines.length}),
            rewriteAt: fc.nat({max: 24}),
          }),
        ),
        async ({lines, repeated, shuffled, rewriteAt}) => {
          const all = [...repeated, ...shuffled, ...repeated].map(textOf);
          writeFileSync(path, header + all.slice(0, rewriteAt).join(''));
          await rewrite(path);
          appendFileSync(path, all.slice(rewriteAt).join(''));
          const marks = await marksIn(path);
          expect(marks).toEqual(expected(lines));
          await rewrite(path);
          expect(await marksIn(path)).toEqual(marks);
        },
      ),
      {numRuns: 100},
    );
  });

  it('keeps a reset by a user who names the database otherwise', async () => {
    const path = join(makeWorkspace(), 'marks');
    const base = {mode: 'file', identity: 1} as const;
    const lines: readonly Written[] = [
      {...base, place: 'here', epoch: 0, next: 200n},
      {...base, place: 'there', epoch: 5, next: 50n},
      {...base, place: 'here', epoch: 5, next: 60n},
    ];
    writeFileSync(path, header + lines.map(textOf).join(''));
    await rewrite(path);
    expect(await marksIn(path)).toEqual(new Map([['file', {epoch: 5, next: 60n}]]));
  });

  it('may hold the announced raises of version 1.0', async () => {
    const path = join(makeWorkspace(), 'marks');
    const text = `v\t1\t0\t${placeOf('here')}\t12\tfile`;
    writeFileSync(path, `${header}${text}\t${hash32(text)}\n`);
    expect(await marksIn(path)).toEqual(new Map([['file', {epoch: 0, next: 12n}]]));
    await rewrite(path);
    expect(await marksIn(path)).toEqual(new Map([['file', {epoch: 0, next: 12n}]]));
  });

  it('may hold lines of kinds that this version does not know', async () => {
    const path = join(makeWorkspace(), 'marks');
    const text = `q\t1\t9\t${placeOf('here')}\tnew\tfile`;
    writeFileSync(path, `${header}${text}\t${hash32(text)}\n`);
    expect(await marksIn(path)).toEqual(new Map());
    await rewrite(path);
    expect(await marksIn(path)).toEqual(new Map());
  });
});
