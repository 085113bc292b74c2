import {distance} from 'fastest-levenshtein';

/**
 * Returns the known name that a misspelt one most likely means.
 *
 * @returns `undefined` if none is near: at most two letters, or a third of them, may differ
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: {readonly name: string; readonly distance: number} | undefined;
  for (const candidate of known) {
    const editCount = distance(name.toLowerCase(), candidate.toLowerCase());
    // Two transposed letters count as two.
    const maxEdits = candidate.length < 4 ? 1 : Math.max(2, candidate.length / 3);
    if (editCount <= maxEdits && editCount < (best?.distance ?? Infinity))
      best = {name: candidate, distance: editCount};
  }
  return best?.name;
}
