import {distance} from 'fastest-levenshtein';

/**
 * Returns the known name that a misspelt one most likely means.
 *
 * @returns `undefined` if none is near: at most two letters, or a third of them, may differ
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: {readonly name: string; readonly distance: number} | undefined;
  for (const candidate of known) {
    const away = distance(name.toLowerCase(), candidate.toLowerCase());
    // Two transposed letters count as two.
    const near = candidate.length < 4 ? 1 : Math.max(2, candidate.length / 3);
    if (away <= near && away < (best?.distance ?? Infinity)) best = {name: candidate, distance: away};
  }
  return best?.name;
}
