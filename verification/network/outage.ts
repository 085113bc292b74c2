/** Something that was tried at a moment, in microseconds of `now()`, and whether it worked. */
export interface Observation {
  readonly at: number;
  readonly isGood: boolean;
}

/** A time, from a moment to another one. */
export type Span = readonly [number, number];

/** Commits follow each other closely while they are possible; a longer pause shows that they were not. */
const PAUSE_US = 1_500_000;

/** Returns the longest time between two of these moments, or the bounds, within the bounds. */
export function longestSpan(moments: readonly number[], from: number, to: number): Span {
  // The last moment before the bounds begins the first span.
  const before = moments.findLast((at) => at <= from) ?? from;
  let longest: Span = [before, before];
  let last = before;
  for (const at of [...moments.filter((each) => each > from && each < to), to]) {
    if (at - last > longest[1] - longest[0]) longest = [last, at];
    last = at;
  }
  return longest;
}

/**
 * Returns how long /health answered 200 in an outage, in microseconds. An answer counts until the next one.
 * The answers since the last other one count for nothing, because the database works again then.
 */
export function falselyHealthy(checks: readonly Observation[], [from, to]: Span): number {
  const inside = checks.filter(({at}) => at > from && at < to);
  const lastBad = inside.findLastIndex(({isGood}) => !isGood);
  const judged = lastBad < 0 ? inside : inside.slice(0, lastBad);
  const times = judged.map(({at, isGood}, index) =>
    isGood ? (inside[index + 1]?.at ?? to) - (index === 0 ? from : at) : 0,
  );
  return times.reduce((sum, time) => sum + time, 0);
}

/**
 * Returns how long an outage went on after commits were possible again, in microseconds.
 *
 * @param commits the moments of commits that another program made from the same host
 */
export function lateness(commits: readonly number[], [from, to]: Span): number {
  const inside = commits.filter((at) => at > from && at < to);
  let since = to;
  // Without a pause, commits were possible all the time.
  for (const at of [from, ...inside].toReversed()) {
    if (since - at > PAUSE_US) break;
    since = at;
  }
  return to - since;
}
