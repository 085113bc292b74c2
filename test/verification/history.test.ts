import {spawnSync} from 'node:child_process';
import {appendFileSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';
import {checkHistory} from '../../verification/history/check.js';
import {isClean, type Report} from '../../verification/history/findings.js';
import {formatLine, type ClientLine, type EventLine, type Fault} from '../../verification/history/line.js';
import {eventsFile, fileOfClient, writeClient, writeEvents} from '../../verification/history/write.js';

/** A request for `range` integers from `begun` to `ended`; without `start` its answer was lost. */
interface Request {
  readonly begun: number;
  readonly ended: number;
  readonly range: bigint;
  readonly start?: bigint;
  readonly mode?: string;
  readonly connection?: number;
}

interface Case {
  readonly clients: Readonly<Record<string, readonly Request[]>>;
  readonly events?: readonly EventLine[];
  readonly firstIndex?: bigint;
  readonly patienceMs?: number;
  /** The counters at the end; `undefined` if the end was never reached. */
  readonly counters: Readonly<Record<string, bigint>> | undefined;
}

function lineOf(
  {begun, ended, range, start, mode = 'file', connection = 1}: Request,
  index: number,
): ClientLine {
  const asked = {sequence: index + 1, connection, mode, range, begun, ended};
  return start === undefined ? {...asked, lost: 'ECONNRESET'} : {...asked, start, end: start + range - 1n};
}

/** Writes histories in the format of clients and torture. */
function write({clients, events = [], firstIndex = 0n, patienceMs = 0, counters}: Case): string {
  const folder = makeWorkspace();
  for (const [name, requests] of Object.entries(clients)) {
    const writer = writeClient(folder, name);
    for (const [index, request] of requests.entries()) writer.append(lineOf(request, index));
    writer.close();
  }
  const writer = writeEvents(folder);
  writer.append({event: 'began', firstIndex, patienceMs, begun: 0, ended: 0});
  for (const event of events) writer.append(event);
  if (counters !== undefined)
    writer.append({event: 'counters', counters: new Map(Object.entries(counters)), begun: 9e6, ended: 9e6});
  writer.close();
  return folder;
}

const check = (history: Case): Report => checkHistory(write(history));

/** Returns the findings by kind, without the empty ones. */
function wrong(report: Report): Record<string, readonly string[]> {
  const {overlaps, unexplainedGaps, outOfOrder, wrongCounters, wrongRanges, damaged} = report;
  const all = {overlaps, unexplainedGaps, outOfOrder, wrongCounters, wrongRanges, damaged};
  expect(isClean(report)).toBe(Object.values(all).every(({count}) => count === 0));
  return Object.fromEntries(
    Object.entries(all).flatMap(([kind, {count, first}]) => (count > 0 ? [[kind, first]] : [])),
  );
}

const fault = (fields: Partial<Fault>): Fault => ({
  event: 'fault',
  fault: 'connection cut',
  target: 'database',
  mayLose: true,
  begun: 1000,
  ended: 1010,
  ...fields,
});

/** Matches a finding that names all of these, such as ranges, clients and lines. */
function finding(...parts: readonly string[]): unknown {
  const lookaheads = parts.map((part) => `(?=.*(?<!\\d)${part.replaceAll('.', String.raw`\.`)}(?!\\d))`);
  return expect.stringMatching(new RegExp(`^${lookaheads.join('')}`));
}

/** Two clients whose requests overlap in time. */
const clean: Case = {
  clients: {
    a: [
      {begun: 0, ended: 20, range: 10n, start: 0n},
      {begun: 30, ended: 50, range: 5n, start: 11n},
      {begun: 60, ended: 70, range: 3n, start: 0n, mode: 'with "quotes" and ☃'},
    ],
    b: [
      {begun: 10, ended: 40, range: 1n, start: 10n},
      {begun: 45, ended: 60, range: 2n, start: 16n},
    ],
  },
  counters: {file: 18n, 'with "quotes" and ☃': 3n},
};

describe('the checker of histories', () => {
  it('accepts a clean history', () => {
    const report = check(clean);
    expect(wrong(report)).toEqual({});
    expect(report).toMatchObject({clients: 2, answered: 5, unanswered: 0, integers: 21n, torn: []});
  });

  it('finds integers in two answers, even inside a much larger earlier range', () => {
    const report = check({
      clients: {
        a: [{begun: 0, ended: 9, range: 100n, start: 0n}],
        b: [
          {begun: 0, ended: 9, range: 1n, start: 5n},
          {begun: 10, ended: 19, range: 2n, start: 99n},
        ],
      },
      counters: {file: 101n},
    });
    expect(wrong(report)).toEqual({
      overlaps: [
        finding('"file"', '5..5', 'client b, line 1', '0..99', 'client a, line 1'),
        finding('"file"', '99..100', 'client b, line 2', '0..99', 'client a, line 1'),
      ],
    });
  });

  it('distinguishes integers that a number would round to one', () => {
    const start = 9_007_199_254_740_993n;
    const lines = (second: bigint): Case => ({
      firstIndex: start,
      clients: {
        a: [{begun: 0, ended: 9, range: 1n, start}],
        b: [{begun: 10, ended: 19, range: 1n, start: second}],
      },
      counters: {file: start + 2n},
    });
    expect(wrong(check(lines(start + 1n)))).toEqual({});
    expect(wrong(check(lines(start)))).toMatchObject({
      overlaps: [expect.stringContaining(`${start}..${start}`)],
    });
  });

  it('finds an integer below the first index', () => {
    const report = check({
      clients: {a: [{begun: 0, ended: 9, range: 3n, start: 0n}]},
      firstIndex: 1n,
      counters: {file: 3n},
    });
    expect(wrong(report)).toMatchObject({overlaps: [finding('"file"', '0..2', '1')]});
  });

  describe('a gap', () => {
    /** 10..14 are in no answer; they were allocated between 0 and 2030. */
    const around: Request[] = [
      {begun: 0, ended: 20, range: 10n, start: 0n},
      {begun: 2000, ended: 2030, range: 10n, start: 15n},
    ];
    const gap = (rest: Partial<Case>, others: Case['clients'] = {}): Report =>
      check({clients: {a: around, ...others}, counters: {file: 25n}, ...rest});
    const unexplained = {unexplainedGaps: [finding('"file"', '10..14')]};

    it('without a cause is found', () => {
      expect(wrong(gap({}))).toEqual(unexplained);
    });

    it('before the first answer is found', () => {
      const report = check({clients: {a: around.slice(1)}, counters: {file: 25n}});
      expect(wrong(report)).toEqual({unexplainedGaps: [finding('"file"', '0..14')]});
    });

    it('is explained by a lost answer of the same mode and time, up to the size of its request', () => {
      const lost = (fields: Partial<Request>): Case['clients'] => ({
        b: [{begun: 100, ended: 120, range: 5n, ...fields}],
      });
      const report = gap({}, lost({}));
      expect(wrong(report)).toEqual({});
      expect(report).toMatchObject({unanswered: 1, allowedGaps: new Map([['lost answers', 1]])});
      expect(wrong(gap({}, lost({range: 4n})))).toEqual(unexplained);
      expect(wrong(gap({}, lost({mode: 'other'})))).toEqual(unexplained);
      expect(wrong(gap({}, lost({begun: 2031, ended: 2040})))).toEqual(unexplained);
      expect(wrong(gap({}, {...lost({range: 2n}), c: [{begun: 0, ended: 9, range: 3n}]}))).toEqual({});
    });

    it('is explained by an answer lost earlier, as long as a server may still work on its request', () => {
      const early = {
        clients: {
          a: around.map(({begun, ended, ...rest}) => ({...rest, begun: begun + 5e5, ended: ended + 5e5})),
          b: [{begun: 0, ended: 9, range: 5n}],
        },
        counters: {file: 25n},
      };
      expect(wrong(check({...early, patienceMs: 400}))).toEqual(unexplained);
      expect(wrong(check({...early, patienceMs: 500}))).toEqual({});
    });

    it('is explained only by a fault of its time that may lose a commit', () => {
      expect(wrong(gap({events: [fault({})]}))).toEqual({});
      expect(gap({events: [fault({})]}).allowedGaps).toEqual(new Map([['connection cut (database)', 1]]));
      expect(wrong(gap({events: [fault({mayLose: false})]}))).toEqual(unexplained);
      expect(wrong(gap({events: [fault({begun: 2031, ended: 2040})]}))).toEqual(unexplained);
    });

    it('is explained by a later fault that cut the answer to an earlier commit', () => {
      const late = {events: [fault({begun: 3000, ended: 3000})]};
      const waiting = (begun: number): Case['clients'] => ({
        b: [{begun, ended: 3100, range: 5n, start: 25n}],
      });
      expect(wrong(gap({...late, counters: {file: 30n}}, waiting(2010)))).toEqual({});
      expect(wrong(gap({...late, counters: {file: 30n}}, waiting(2900)))).toEqual(unexplained);
    });

    it('is explained by the last request of a killed client', () => {
      const killed = (client: string): Partial<Case> => ({
        events: [fault({fault: 'client killed', target: client, client, begun: 5000, ended: 5000})],
        counters: {file: 26n},
      });
      const others = (client: string): Case['clients'] => ({
        [client]: [{begun: 2028, ended: 2029, range: 1n, start: 25n}],
      });
      expect(wrong(gap(killed('b'), others('b')))).toEqual({});
      expect(wrong(gap(killed('c'), others('b')))).toEqual(unexplained);
    });

    it('is explained by a reset that skips exactly these integers', () => {
      const reset = (from: bigint, to: bigint, mode = 'file'): Partial<Case> => ({
        events: [{event: 'reset', mode, from, to, begun: 1000, ended: 1100}],
      });
      const report = gap(reset(9n, 15n));
      expect(wrong(report)).toEqual({});
      expect(report.allowedGaps).toEqual(new Map([['reset', 1]]));
      expect(wrong(gap(reset(9n, 14n)))).toEqual(unexplained);
      expect(wrong(gap(reset(11n, 15n)))).toEqual(unexplained);
      expect(wrong(gap(reset(9n, 15n, 'other')))).toEqual(unexplained);
    });
  });

  it('finds lower integers on one connection, but not on two with overlapping requests', () => {
    const twice = (connection: number, ended: number): Case => ({
      clients: {
        a: [
          {begun: 0, ended: 10, range: 5n, start: 5n},
          {begun: 20, ended: 30, range: 5n, start: 0n, connection},
        ],
        b: [{begun: 0, ended, range: 1n, start: 10n}],
      },
      counters: {file: 11n},
    });
    expect(wrong(check(twice(1, 30)))).toMatchObject({
      outOfOrder: [
        finding('client a, line 2', '0..4', '5..9', '"file"'),
        finding('"file"', '0..4', 'client a, line 2'),
      ],
    });
    expect(wrong(check(twice(2, 30)))).toMatchObject({
      outOfOrder: [finding('"file"', '0..4', 'client a, line 2')],
    });
  });

  it("finds a request that began after another client's answer and got lower integers", () => {
    const later = (begun: number): Case => ({
      clients: {
        a: [{begun: 0, ended: 10, range: 5n, start: 5n}],
        b: [{begun, ended: 30, range: 5n, start: 0n}],
      },
      counters: {file: 10n},
    });
    expect(wrong(check(later(10)))).toEqual({});
    expect(wrong(check(later(11)))).toEqual({
      outOfOrder: [finding('"file"', '0..4', 'client b, line 1', '5..9', 'client a, line 1')],
    });
  });

  describe('a reset backwards', () => {
    /** 0..99 before it, then 40..59; the first answer after it arrives before the command ends. */
    const backwards = (last: Partial<Request>, more: readonly EventLine[] = []): Report =>
      check({
        clients: {
          a: [
            {begun: 0, ended: 10, range: 60n, start: 0n},
            {begun: 20, ended: 105, range: 40n, start: 60n},
            {begun: 107, ended: 115, range: 10n, start: 40n},
            {begun: 120, ended: 130, range: 10n, start: 50n, ...last},
          ],
        },
        events: [{event: 'reset', mode: 'file', from: 60n, to: 40n, begun: 100, ended: 110}, ...more],
        counters: {file: (last.start ?? 50n) + 10n},
      });

    it('releases the integers above it', () => {
      expect(wrong(backwards({}))).toEqual({});
    });

    it('releases none below it', () => {
      expect(wrong(backwards({start: 35n}))).toMatchObject({
        overlaps: [finding('35..44', '0..39'), finding('40..49', '35..44')],
      });
    });

    it('does not hide integers that are issued twice after it', () => {
      expect(wrong(backwards({start: 45n}))).toMatchObject({overlaps: [finding('45..54', '40..49')]});
    });

    it('may follow another one', () => {
      const second: EventLine = {event: 'reset', mode: 'file', from: 50n, to: 20n, begun: 116, ended: 118};
      expect(wrong(backwards({start: 20n}, [second]))).toEqual({});
      expect(wrong(backwards({start: 15n}, [second]))).toMatchObject({
        overlaps: [finding('15..24', '0..19', 'client a, line 1')],
      });
    });
  });

  it('finds a counter below an issued integer, above all without a cause, and missing', () => {
    const ending = (counters: Case['counters'], events: readonly EventLine[] = []): Case => ({
      clients: {a: [{begun: 0, ended: 10, range: 5n, start: 0n}]},
      counters,
      events,
    });
    expect(wrong(check(ending({file: 5n})))).toEqual({});
    expect(wrong(check(ending({file: 4n})))).toEqual({
      wrongCounters: [finding('"file"', '4')],
    });
    expect(wrong(check(ending({file: 7n})))).toEqual({
      wrongCounters: [finding('"file"', '7', '5..6')],
    });
    expect(wrong(check(ending({file: 7n}, [fault({})])))).toEqual({});
    expect(wrong(check(ending({file: 5n, other: 1n})))).toMatchObject({
      wrongCounters: [expect.stringContaining('"other"')],
    });
    expect(wrong(check(ending({})))).toEqual({wrongCounters: [finding('"file"')]});
    expect(wrong(check(ending(undefined)))).toMatchObject({damaged: [expect.any(String)]});
  });

  it('finds an answer of another size than requested', () => {
    const folder = write({clients: {}, counters: {file: 10n}});
    writeFileSync(
      join(folder, fileOfClient('a')),
      formatLine({
        sequence: 1,
        connection: 1,
        mode: 'file',
        range: 11n,
        start: 0n,
        end: 9n,
        begun: 0,
        ended: 9,
      }),
    );
    expect(wrong(checkHistory(folder))).toEqual({wrongRanges: [finding('client a, line 1', '0..9', '11')]});
  });

  it('tolerates a torn last line, and reports it', () => {
    const folder = write({
      ...clean,
      counters: {file: 25n, 'with "quotes" and ☃': 3n},
      events: [fault({client: 'b'})],
    });
    appendFileSync(join(folder, fileOfClient('b')), '{"sequence":3,"connection":1,"mode":"fi');
    const report = checkHistory(folder);
    expect(wrong(report)).toEqual({});
    expect(report.torn).toEqual([fileOfClient('b')]);
  });

  it('finds missing lines, and rejects an unreadable one by file and line', () => {
    const folder = write(clean);
    const path = join(folder, fileOfClient('a'));
    const [first = '', second = '', third = ''] = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, `${first}\n${third}\n`);
    expect(wrong(checkHistory(folder))).toMatchObject({damaged: [finding('client a, line 2', '3')]});
    writeFileSync(path, `${first}\n${second.slice(0, 20)}\n${third}\n`);
    expect(() => checkHistory(folder)).toThrow('client-a.jsonl:2: ');
    writeFileSync(path, `${first.replace('"0"', '0')}\n`);
    expect(() => checkHistory(folder)).toThrow('client-a.jsonl:1: ');
  });

  it('finds the same if it must sort the answers in several runs', () => {
    const requests = Array.from({length: 5000}, (_, index) => ({
      begun: index * 10,
      ended: index * 10 + 9,
      range: 3n,
      start: BigInt(index) * 3n,
      mode: `mode ${index % 7}`,
    }));
    // Each mode has every seventh range, so all but the first follow a gap.
    const folder = write({clients: {a: requests.slice(0, 2500), b: requests.slice(2500)}, counters: {}});
    const whole = checkHistory(folder);
    expect(whole.unexplainedGaps.count).toBe(4999);
    expect(checkHistory(folder, {rangesARun: 97})).toEqual(whole);
  });

  it('is a command that ends with status 0, 1 for findings, or 2 for unreadable files', () => {
    const run = (folder: string): {status: number | null; stdout: string; stderr: string} => {
      const program = join(root, 'verification', 'history', 'check-history.ts');
      return spawnSync(process.execPath, ['--import', 'tsx', program, folder], {cwd: root, encoding: 'utf8'});
    };
    expect(run(write(clean))).toMatchObject({status: 0, stderr: ''});
    const {status, stdout} = run(write({...clean, counters: {...clean.counters, file: 3n}}));
    expect(status).toBe(1);
    // One kind of finding, found once.
    expect(stdout.match(/: [1-9]\d*$/gm)).toEqual([': 1']);
    const folder = write(clean);
    appendFileSync(join(folder, eventsFile), 'nonsense\n');
    expect(run(folder)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('events.jsonl:3') as string,
    });
  });
});
