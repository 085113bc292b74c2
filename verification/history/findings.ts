/** Findings of one kind: all are counted, the first hundred are kept. */
export class Findings {
  readonly first: string[] = [];
  count = 0;

  add(text: string): void {
    this.count++;
    if (this.first.length < 100) this.first.push(text);
  }
}

/** What was found in a folder of histories. */
export interface Report {
  readonly clients: number;
  readonly answered: number;
  readonly unanswered: number;
  readonly integers: bigint;
  /** Faults by name, all of them. */
  readonly faults: ReadonlyMap<string, number>;
  /** Gaps with a cause, by cause. */
  readonly allowedGaps: ReadonlyMap<string, number>;
  /** Histories whose last line is only half there: their writer was killed. */
  readonly torn: readonly string[];
  /** Integers in two answers. */
  readonly overlaps: Findings;
  /** Integers that nobody was given, without a cause. */
  readonly unexplainedGaps: Findings;
  /** Lower integers for whoever asked later: on one connection, or after another's answer. */
  readonly outOfOrder: Findings;
  /** Counters that do not stand where the answers say. */
  readonly wrongCounters: Findings;
  /** Answers that are no run of as many integers as were asked for. */
  readonly wrongRanges: Findings;
  /** Histories that are not whole: lines that are missing or cannot be told apart. */
  readonly damaged: Findings;
}

/** Whether nothing is wrong. Torn last lines and gaps with a cause are not wrong. */
export function isClean(report: Report): boolean {
  const {overlaps, unexplainedGaps, outOfOrder, wrongCounters, wrongRanges, damaged} = report;
  const all = [overlaps, unexplainedGaps, outOfOrder, wrongCounters, wrongRanges, damaged];
  return all.every(({count}) => count === 0);
}
