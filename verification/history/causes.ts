import type {Fault, Interval, Lost, Reset} from './line.js';

/** A run of integers that nobody was answered with, and when it must have been taken. */
export interface Gap extends Interval {
  readonly mode: string;
  readonly first: bigint;
  readonly last: bigint;
}

/** Requests without an answer in one mode, and how many integers they asked for up to any moment. */
class LostRequests {
  readonly #begun: {at: number; range: bigint}[] = [];
  readonly #ended: {at: number; range: bigint}[] = [];
  #sums: {begun: bigint[]; ended: bigint[]} | undefined;

  add({begun, ended}: Interval, range: bigint): void {
    this.#begun.push({at: begun, range});
    this.#ended.push({at: ended, range});
    this.#sums = undefined;
  }

  /** The integers of all requests that may have been under way at some moment of the interval. */
  during({begun, ended}: Interval): bigint {
    this.#sums ??= {begun: runningSums(this.#begun), ended: runningSums(this.#ended)};
    // Whatever ended before the interval had also begun before its end.
    const started = countUntil(this.#begun, ended, true);
    const over = countUntil(this.#ended, begun, false);
    return (this.#sums.begun[started] ?? 0n) - (this.#sums.ended[over] ?? 0n);
  }
}

/** Sorts by time, and adds up: the sum before each place. */
function runningSums(items: {at: number; range: bigint}[]): bigint[] {
  items.sort((a, b) => a.at - b.at);
  const sums = [0n];
  for (const {range} of items) sums.push((sums.at(-1) ?? 0n) + range);
  return sums;
}

/** How many items come before a moment, or at it where `isIncluded`. */
function countUntil(items: readonly {at: number}[], moment: number, isIncluded: boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = items[middle]?.at ?? 0;
    if (at < moment || (isIncluded && at === moment)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * What may explain integers that nobody was answered with.
 *
 * A request that got no answer explains as many integers as it asked for, taken between its beginning and the moment
 * at which no server can still be at work for it. A fault that may lose a commit explains any number, taken while
 * some request was under way that was under way during the fault: the commit that got lost was made for one of them.
 */
export class Causes {
  readonly #lost = new Map<string, LostRequests>();
  readonly #faults: {fault: Fault; begun: number; ended: number}[];
  readonly #resets: readonly Reset[];
  readonly #patience: number;
  readonly #longest: number;

  /** @param patienceMs how long a server may still be at work for a request whose client has given up */
  constructor(faults: readonly Fault[], resets: readonly Reset[], patienceMs: number) {
    this.#faults = faults
      .filter(({mayLose}) => mayLose)
      .map((fault) => ({fault, begun: fault.begun, ended: fault.ended}))
      .sort((a, b) => a.fault.begun - b.fault.begun);
    this.#longest = this.#faults.reduce((most, {begun, ended}) => Math.max(most, ended - begun), 0);
    this.#resets = resets;
    this.#patience = patienceMs * 1000;
  }

  /** Learns of an answered request: faults reach as far as the requests that were under way. */
  sawAnswered({begun, ended}: Interval): void {
    for (const reach of this.#overlapping(begun, ended)) {
      reach.begun = Math.min(reach.begun, begun);
      reach.ended = Math.max(reach.ended, ended);
    }
  }

  /** Learns of a request without an answer, which a server may be at work for when its client has gone. */
  sawLost({mode, range, begun, ended}: Lost): void {
    this.sawAnswered({begun, ended: ended + this.#patience});
    let lost = this.#lost.get(mode);
    if (lost === undefined) this.#lost.set(mode, (lost = new LostRequests()));
    lost.add({begun, ended: ended + this.#patience}, range);
  }

  /** Learns when a client that was killed had its last answer: what it then asked for is in no history. */
  sawLastOf(client: string, ended: number): void {
    for (const reach of this.#faults)
      if (reach.fault.client === client) {
        reach.begun = Math.min(reach.begun, ended);
        reach.ended += this.#patience;
      }
  }

  /** What explains a gap, in words; `undefined` where nothing does. */
  explain(gap: Gap): string | undefined {
    const rest = this.#withoutResets(gap);
    if (rest === 0n) return 'reset';
    if ((this.#lost.get(gap.mode)?.during(gap) ?? 0n) >= rest) return 'lost answers';
    for (const {fault, begun, ended} of this.#faults)
      if (begun <= gap.ended && ended >= gap.begun) return `${fault.fault} (${fault.target})`;
    return undefined;
  }

  /** How many integers of a gap no reset has passed over. */
  #withoutResets({mode, first, last, begun, ended}: Gap): bigint {
    let rest = last - first + 1n;
    for (const reset of this.#resets) {
      if (reset.mode !== mode || reset.begun > ended || reset.ended < begun) continue;
      const from = reset.from > first ? reset.from : first;
      const to = reset.to <= last + 1n ? reset.to : last + 1n;
      if (to > from) rest -= to - from;
    }
    return rest > 0n ? rest : 0n;
  }

  *#overlapping(begun: number, ended: number): Generator<{begun: number; ended: number}> {
    // Most requests meet no fault: those before it are passed over at once.
    const faults = this.#faults;
    for (let index = this.#firstEndingAfter(begun); index < faults.length; index++) {
      const reach = faults[index];
      if (reach === undefined || reach.fault.begun > ended) return;
      if (reach.fault.ended >= begun) yield reach;
    }
  }

  /** The first fault, in the order of their beginnings, that may last until a moment. */
  #firstEndingAfter(moment: number): number {
    let [low, high] = [0, this.#faults.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#faults[middle]?.fault.begun ?? 0) + this.#longest < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
