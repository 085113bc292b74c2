const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** Draws one bar per value, from the lowest for 0 to the highest for the largest value. */
export function sparkline(values: readonly number[]): string {
  const max = Math.max(...values, 0);
  return values.map((value) => bars[max === 0 ? 0 : Math.min(7, Math.ceil((value / max) * 7))]).join('');
}
