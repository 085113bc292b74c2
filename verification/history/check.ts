import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {Causes, type Gap} from './causes.js';
import {Findings, type Report} from './findings.js';
import {Generations, type Part} from './generations.js';
import {parseClientLine, parseEventLine, type Answered, type EventLine} from './line.js';
import {readHistory} from './read.js';
import {SortedRuns, type Range} from './sorted-runs.js';
import {clientOfFile, eventsFile} from './write.js';

/**
 * Reads all histories of a folder and reports everything that must not happen.
 *
 * Sorts answers on disk, so that memory does not grow with their number; keeps events and requests without an
 * answer in memory.
 *
 * @throws Error with file and line number if a history cannot be read
 */
export function checkHistory(folder: string, options: {readonly rangesARun?: number} = {}): Report {
  const runs = new SortedRuns(options.rangesARun);
  try {
    return new Check(folder, runs).run();
  } finally {
    runs.remove();
  }
}

class Check {
  readonly #folder: string;
  readonly #runs: SortedRuns;
  readonly #clients: readonly string[];
  /** The modes; integers that a reset has released count as those of another mode. */
  readonly #modes: {readonly name: string; readonly isReleased: boolean}[] = [];
  readonly #modeNumbers = new Map<string, number>();
  readonly #firstIndex: bigint;
  readonly #counters: ReadonlyMap<string, bigint> | undefined;
  readonly #causes: Causes;
  readonly #generations: Generations;
  readonly #faults = new Map<string, number>();
  readonly #torn: string[] = [];
  readonly #report = {
    overlaps: new Findings(),
    unexplainedGaps: new Findings(),
    outOfOrder: new Findings(),
    wrongCounters: new Findings(),
    wrongRanges: new Findings(),
    damaged: new Findings(),
  };
  readonly #allowedGaps = new Map<string, number>();
  #answered = 0;
  #unanswered = 0;
  #integers = 0n;

  constructor(folder: string, runs: SortedRuns) {
    this.#folder = folder;
    this.#runs = runs;
    const files = readdirSync(folder).sort();
    this.#clients = files.flatMap((file) => clientOfFile(file) ?? []);
    const events = files.includes(eventsFile) ? this.#read(eventsFile, parseEventLine) : [];
    const of = <Name extends EventLine['event']>(name: Name): Extract<EventLine, {event: Name}>[] =>
      events.filter((event): event is Extract<EventLine, {event: Name}> => event.event === name);
    const [began] = of('began');
    const faults = of('fault');
    for (const {fault} of faults) this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
    this.#firstIndex = began?.firstIndex ?? 0n;
    this.#counters = of('counters').at(-1)?.counters;
    this.#causes = new Causes(faults, of('reset'), began?.patienceMs ?? 0);
    this.#generations = new Generations(of('reset'));
  }

  run(): Report {
    for (const [client, name] of this.#clients.entries()) this.#readClient(client, name);
    this.#checkRanges();
    if (this.#counters === undefined) {
      this.#report.damaged.add('the events do not hold the counters at the end');
    }
    return {
      ...this.#report,
      clients: this.#clients.length,
      answered: this.#answered,
      unanswered: this.#unanswered,
      integers: this.#integers,
      faults: this.#faults,
      allowedGaps: this.#allowedGaps,
      torn: this.#torn,
    };
  }

  /** The first pass reads each client's lines in their order, which is that of its requests. */
  #readClient(client: number, name: string): void {
    const lines = this.#iterate(`client-${name}.jsonl`, parseClientLine);
    let [number, connection, ended] = [0, 0, 0];
    // By mode, on this connection.
    let last = new Map<number, Part>();
    for (const line of lines) {
      const place = `client ${name}, line ${++number}`;
      if (line.sequence !== number) {
        this.#report.damaged.add(`${place} has the number ${line.sequence}`);
        number = line.sequence;
      }
      if (line.begun < ended)
        this.#report.damaged.add(`${place} began before the line before it was written`);
      ended = line.ended;
      if (line.connection !== connection) last = new Map();
      connection = line.connection;
      if ('lost' in line) {
        this.#unanswered++;
        this.#causes.sawLost(line);
        continue;
      }
      for (const [mode, part] of this.#take(line, client, number)) {
        const before = last.get(mode);
        if (before !== undefined && part.start <= before.end) {
          this.#report.outOfOrder.add(
            `${place}: ${shown(part)} after ${shown(before)} of ${JSON.stringify(line.mode)}, on one connection`,
          );
        }
        last.set(mode, part);
      }
    }
    this.#causes.sawLastOf(name, ended);
  }

  /** @returns the parts of the range by number of mode */
  #take(line: Answered, client: number, number: number): readonly (readonly [number, Part])[] {
    const {range, start, end, begun, ended} = line;
    this.#answered++;
    this.#causes.sawAnswered(line);
    if (end - start + 1n !== range || start < 0n) {
      const place = `client ${this.#clients[client]}, line ${number}`;
      this.#report.wrongRanges.add(`${place}: ${shown(line)} for a count of ${range}`);
      // An answer without integers has no place in the order.
      if (end < start) return [];
    }
    this.#integers += end - start + 1n;
    return this.#generations.parts(line).map((part) => {
      const mode = this.#modeNumber(line.mode, part.released);
      this.#runs.add({mode, start: part.start, end: part.end, begun, ended, client, line: number});
      return [mode, part];
    });
  }

  /** The second pass reads all answers of a mode, from the lowest integer to the highest. */
  #checkRanges(): void {
    let mode: ModePass | undefined;
    const seen = new Set<string>();
    for (const range of this.#runs.sorted()) {
      if (mode?.number !== range.mode) {
        if (mode !== undefined) this.#checkEnd(mode);
        const {name = '', isReleased = false} = this.#modes[range.mode] ?? {};
        if (!isReleased) seen.add(name);
        mode = {
          ...startOf(name, isReleased ? range.start : this.#firstIndex),
          number: range.mode,
          isReleased,
        };
      }
      this.#assertCount(mode, range);
    }
    if (mode !== undefined) this.#checkEnd(mode);
    // Modes from which nothing was issued.
    for (const [name, next] of this.#counters ?? [])
      if (!seen.has(name)) this.#checkTail(startOf(name, this.#firstIndex), next);
  }

  #assertCount(pass: ModePass, range: Range): void {
    const {next, highest, latest} = pass;
    if (range.start < next) {
      const other = highest === undefined ? `the first index ${this.#firstIndex}` : this.#place(highest);
      this.#report.overlaps.add(`${JSON.stringify(pass.mode)}: ${this.#place(range)} overlaps ${other}`);
    }
    if (range.start > next) {
      const [begun, ended] = [highest?.begun ?? 0, range.ended];
      this.#checkGap({mode: pass.mode, first: next, last: range.start - 1n, begun, ended});
    }
    // Of all lower integers, `latest` was requested last: was that after this answer?
    if (latest !== undefined && latest.begun > range.ended) {
      this.#report.outOfOrder.add(
        `${JSON.stringify(pass.mode)}: ${this.#place(latest)} was requested after the answer ${this.#place(range)}`,
      );
    }
    if (latest === undefined || range.begun > latest.begun) pass.latest = range;
    if (range.end >= next) {
      pass.next = range.end + 1n;
      pass.highest = range;
    }
  }

  #checkEnd(pass: ModePass): void {
    if (this.#counters === undefined || pass.isReleased) return;
    const counter = this.#counters.get(pass.mode);
    if (counter === undefined)
      this.#report.wrongCounters.add(`${JSON.stringify(pass.mode)}: the database has no counter`);
    else this.#checkTail(pass, counter);
  }

  #checkTail({mode, next, highest}: ModePass, counter: bigint): void {
    if (counter < next) {
      const issued = `${next - 1n} was issued`;
      this.#report.wrongCounters.add(`${JSON.stringify(mode)}: the counter is ${counter}, but ${issued}`);
    }
    if (counter <= next) return;
    const gap = {mode, first: next, last: counter - 1n, begun: highest?.begun ?? 0, ended: Infinity};
    if (this.#explain(gap)) return;
    this.#report.wrongCounters.add(
      `${JSON.stringify(mode)}: the counter is ${counter}, but ${next}..${counter - 1n} was never issued`,
    );
  }

  #checkGap(gap: Gap): void {
    if (!this.#explain(gap))
      this.#report.unexplainedGaps.add(
        `${JSON.stringify(gap.mode)}: ${gap.first}..${gap.last} was never issued`,
      );
  }

  #explain(gap: Gap): boolean {
    const cause = this.#causes.explain(gap);
    if (cause !== undefined) this.#allowedGaps.set(cause, (this.#allowedGaps.get(cause) ?? 0) + 1);
    return cause !== undefined;
  }

  #place({start, end, client, line}: Range): string {
    return `${start}..${end} (client ${this.#clients[client]}, line ${line})`;
  }

  #modeNumber(name: string, released: number | undefined): number {
    // A mode holds no control character.
    const key = released === undefined ? name : `${name}\0${released}`;
    let number = this.#modeNumbers.get(key);
    if (number === undefined) {
      number = this.#modes.push({name, isReleased: released !== undefined}) - 1;
      this.#modeNumbers.set(key, number);
    }
    return number;
  }

  #read<Line>(file: string, parse: (text: string) => Line): Line[] {
    return [...this.#iterate(file, parse)];
  }

  *#iterate<Line>(file: string, parse: (text: string) => Line): Generator<Line> {
    const reader = readHistory(join(this.#folder, file), parse);
    yield* reader;
    const torn = reader.torn();
    if (torn !== undefined) this.#torn.push(file);
  }
}

/** The progress of the second pass in one mode. */
interface ModePass {
  readonly mode: string;
  readonly number?: number;
  readonly isReleased?: boolean;
  /** One more than the highest integer so far. */
  next: bigint;
  /** The range that ends with the highest integer so far. */
  highest: Range | undefined;
  /** The range that was requested last, so far. */
  latest: Range | undefined;
}

function startOf(mode: string, next: bigint): ModePass {
  return {mode, next, highest: undefined, latest: undefined};
}

function shown({start, end}: Part | Range | Answered): string {
  return `${start}..${end}`;
}
