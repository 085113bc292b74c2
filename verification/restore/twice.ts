import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {Generations} from '../history/generations.js';
import {
  parseClientLine,
  parseEventLine,
  type Answered,
  type EventLine,
  type Fault,
  type Reset,
} from '../history/line.js';
import {readHistory} from '../history/read.js';
import {clientOfFile, eventsFile} from '../history/write.js';

/** The integers that were issued twice. */
export interface Twice {
  readonly integers: bigint;
  /** Time from the first answer with the oldest of them to the restore before the second one, in ms. */
  readonly windowMs: number;
}

/** Counts the integers of a history that were issued twice, and measures how old they were at the restore. */
export function measureTwice(folder: string): Twice {
  const events: EventLine[] = [...readHistory(join(folder, eventsFile), parseEventLine)];
  const generations = new Generations(events.filter((event): event is Reset => event.event === 'reset'));
  const accidents = events.filter((event): event is Fault => event.event === 'fault');
  const byMode = new Map<string, {start: bigint; end: bigint; line: Answered}[]>();
  for (const file of readdirSync(folder).filter((name) => clientOfFile(name) !== undefined))
    for (const line of readHistory(join(folder, file), parseClientLine)) {
      if ('lost' in line) continue;
      for (const {start, end, released} of generations.parts(line)) {
        const key = `${line.mode}\0${released ?? ''}`;
        const parts = byMode.get(key) ?? [];
        byMode.set(key, parts);
        parts.push({start, end, line});
      }
    }
  let [integers, windowUs] = [0n, 0];
  for (const parts of byMode.values()) {
    parts.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
    let highest: (typeof parts)[number] | undefined;
    for (const part of parts) {
      if (highest !== undefined && part.start <= highest.end) {
        integers += (part.end < highest.end ? part.end : highest.end) - part.start + 1n;
        const [first = part, second = part] = [highest, part].sort((a, b) => a.line.ended - b.line.ended);
        const restore = accidents.filter(({begun}) => begun <= second.line.ended).at(-1);
        windowUs = Math.max(windowUs, (restore?.begun ?? first.line.ended) - first.line.ended);
      }
      if (highest === undefined || part.end > highest.end) highest = part;
    }
  }
  return {integers, windowMs: windowUs / 1000};
}
