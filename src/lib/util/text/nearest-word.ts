import {distance} from 'fastest-levenshtein';

/**
 * Returns the known name that a misspelt one most likely means.
 *
 * @returns `undefined` if none is near: at most two letters, or a third of them, may differ
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  return nearestFew(name, known, 1)[0];
}

/** Returns up to `limit` known names that a misspelt one may mean, the most likely first. */
export function nearestFew(name: string, known: Iterable<string>, limit: number): readonly string[] {
  const near: {readonly name: string; readonly editCount: number}[] = [];
  for (const candidate of known) {
    const editCount = distance(name.toLowerCase(), candidate.toLowerCase());
    // Two transposed letters count as two.
    const maxEdits = candidate.length < 4 ? 1 : Math.max(2, candidate.length / 3);
    if (editCount <= maxEdits) near.push({name: candidate, editCount});
  }
  return near
    .sort((a, b) => a.editCount - b.editCount)
    .slice(0, limit)
    .map((each) => each.name);
}
