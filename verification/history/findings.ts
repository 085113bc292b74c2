/** Findings of one kind: all are counted, the first hundred are kept. */
export class Findings {
  readonly first: string[] = [];
  count = 0;

  add(text: string): void {
    this.count++;
    if (this.first.length < 100) this.first.push(text);
  }
}

/** The findings in a folder of histories. */
export interface Report {
  readonly clients: number;
  readonly answered: number;
  readonly unanswered: number;
  readonly integers: bigint;
  /** Counts of all faults by name. */
  readonly faults: ReadonlyMap<string, number>;
  /** Counts of gaps with a cause, by cause. */
  readonly allowedGaps: ReadonlyMap<string, number>;
  /** Histories whose last line is incomplete because their writer was killed. */
  readonly torn: readonly string[];
  /** Integers in two answers. */
  readonly overlaps: Findings;
  /** Integers that were never issued, without a cause. */
  readonly unexplainedGaps: Findings;
  /** Lower integers for a later request: on one connection, or after another's answer. */
  readonly outOfOrder: Findings;
  /** Counters that disagree with the answers. */
  readonly wrongCounters: Findings;
  /** Answers that are not one run of the requested count. */
  readonly wrongRanges: Findings;
  /** Incomplete histories: lines are missing or out of sequence. */
  readonly damaged: Findings;
}

/** Returns true if nothing is wrong. Torn last lines and gaps with a cause are not wrong. */
export function isClean(report: Report): boolean {
  const {overlaps, unexplainedGaps, outOfOrder, wrongCounters, wrongRanges, damaged} = report;
  const all = [overlaps, unexplainedGaps, outOfOrder, wrongCounters, wrongRanges, damaged];
  return all.every(({count}) => count === 0);
}
