/** An answered range, both ends included. */
export interface Given {
  readonly start: bigint;
  readonly end: bigint;
}

/** Returns the overlaps and gaps in a set of ranges of one mode, and the next integer after them. */
export function flaws(
  given: readonly Given[],
  first = 0n,
): {overlaps: string[]; gaps: string[]; next: bigint} {
  const sorted = [...given].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const overlaps: string[] = [];
  const gaps: string[] = [];
  let next = first;
  for (const {start, end} of sorted) {
    if (start < next) overlaps.push(`${start}..${end} begins before ${next}`);
    if (start > next) gaps.push(`${next}..${start - 1n}`);
    if (end + 1n > next) next = end + 1n;
  }
  return {overlaps, gaps, next};
}
