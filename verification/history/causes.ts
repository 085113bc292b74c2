import type {Fault, Interval, Lost, Reset} from './line.js';

/** A run of integers that was never issued, and the time in which it must have been taken. */
export interface Gap extends Interval {
  readonly mode: string;
  readonly first: bigint;
  readonly last: bigint;
}

/** Requests without an answer in one mode, and the sum of their counts up to any moment. */
class LostRequests {
  readonly #begun: {at: number; range: bigint}[] = [];
  readonly #ended: {at: number; range: bigint}[] = [];
  #sums: {begun: bigint[]; ended: bigint[]} | undefined;

  add({begun, ended}: Interval, range: bigint): void {
    this.#begun.push({at: begun, range});
    this.#ended.push({at: ended, range});
    this.#sums = undefined;
  }

  /** Returns the sum of the counts of all requests that may have been pending during the interval. */
  during({begun, ended}: Interval): bigint {
    this.#sums ??= {begun: runningSums(this.#begun), ended: runningSums(this.#ended)};
    // A request that ended before the interval also began before its end.
    const started = countUntil(this.#begun, ended, true);
    const over = countUntil(this.#ended, begun, false);
    return (this.#sums.begun[started] ?? 0n) - (this.#sums.ended[over] ?? 0n);
  }
}

/** Sorts by time and returns the sum before each place. */
function runningSums(items: {at: number; range: bigint}[]): bigint[] {
  items.sort((a, b) => a.at - b.at);
  const sums = [0n];
  for (const {range} of items) sums.push((sums.at(-1) ?? 0n) + range);
  return sums;
}

/** Counts the items before a moment, and those at the moment if `isIncluded`. */
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
 * The possible explanations of integers that were never issued.
 *
 * A request without an answer explains at most its count. These integers were taken after its beginning,
 * while a server could still work for it. A fault that may lose a commit explains any number. These were
 * taken while some request was pending that was also pending during the fault: the lost commit served one of
 * those.
 */
export class Causes {
  readonly #lost = new Map<string, LostRequests>();
  readonly #faults: {fault: Fault; begun: number; ended: number}[];
  readonly #resets: readonly Reset[];
  readonly #patience: number;
  readonly #longest: number;

  /** @param patienceMs time for which a server may still work for a request whose client has given up */
  constructor(faults: readonly Fault[], resets: readonly Reset[], patienceMs: number) {
    this.#faults = faults
      .filter(({mayLose}) => mayLose)
      .map((fault) => ({fault, begun: fault.begun, ended: fault.ended}))
      .sort((a, b) => a.fault.begun - b.fault.begun);
    this.#longest = this.#faults.reduce((most, {begun, ended}) => Math.max(most, ended - begun), 0);
    this.#resets = resets;
    this.#patience = patienceMs * 1000;
  }

  /** Records an answered request: a fault reaches as far as the requests that were pending. */
  sawAnswered({begun, ended}: Interval): void {
    for (const reach of this.#overlapping(begun, ended)) {
      reach.begun = Math.min(reach.begun, begun);
      reach.ended = Math.max(reach.ended, ended);
    }
  }

  /** Records a request without an answer; a server may still work for it when its client is gone. */
  sawLost({mode, range, begun, ended}: Lost): void {
    this.sawAnswered({begun, ended: ended + this.#patience});
    let lost = this.#lost.get(mode);
    if (lost === undefined) this.#lost.set(mode, (lost = new LostRequests()));
    lost.add({begun, ended: ended + this.#patience}, range);
  }

  /** Records the last answer of a killed client: its next request is in no history. */
  sawLastOf(client: string, ended: number): void {
    for (const reach of this.#faults)
      if (reach.fault.client === client) {
        reach.begun = Math.min(reach.begun, ended);
        reach.ended += this.#patience;
      }
  }

  /** Returns the cause of a gap, in words; `undefined` if it has none. */
  explain(gap: Gap): string | undefined {
    const rest = this.#withoutResets(gap);
    if (rest === 0n) return 'reset';
    if ((this.#lost.get(gap.mode)?.during(gap) ?? 0n) >= rest) return 'lost answers';
    for (const {fault, begun, ended} of this.#faults)
      if (begun <= gap.ended && ended >= gap.begun) return `${fault.fault} (${fault.target})`;
    return undefined;
  }

  /** Returns the count of integers of a gap that no reset has skipped. */
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
    // Most requests meet no fault, so the faults before them are skipped by binary search.
    const faults = this.#faults;
    for (let index = this.#firstEndingAfter(begun); index < faults.length; index++) {
      const reach = faults[index];
      if (reach === undefined || reach.fault.begun > ended) return;
      if (reach.fault.ended >= begun) yield reach;
    }
  }

  /** Returns the index of the first fault, in order of beginning, that may last until a moment. */
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
