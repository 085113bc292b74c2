/**
 * Estimates a quantile from a histogram, as `histogram_quantile` of Prometheus does: values are taken to be
 * spread evenly within a bucket.
 *
 * @param counts values per bucket, not cumulative; the last bucket is above all bounds
 * @returns `undefined` without values
 */
export function quantileOf(
  share: number,
  bounds: readonly number[],
  counts: readonly number[],
): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = share * total;
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    if (below + count < rank || count === 0) {
      below += count;
      continue;
    }
    const lower = bucket === 0 ? 0 : (bounds[bucket - 1] ?? 0);
    const upper = bounds[bucket] ?? lower;
    return lower + (upper - lower) * ((rank - below) / count);
  }
  return bounds.at(-1);
}
