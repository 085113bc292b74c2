import {hash64} from '../util/hash.js';
import type {Lineage} from './store.js';

/** The key of the epoch that counts for all modes. */
export const ALL_MODES = '*';

/** Begins the keys of tables in which several spellings share a counter. */
const FOLDED = '~';

/** The characters that a collation of MariaDB may ignore, or treat as equal to an ignored one. */
const ignored = /[^0-9a-z]|[ehijy]/g;

/** Returns the key of a mode in `Lineage.modeEpochs`, for a table that compares bytes. */
export function exactEpochKey(mode: string): string {
  return hash64(mode);
}

/**
 * Returns the key of a mode for a table in which several spellings share a counter. All spellings that a
 * collation may treat as equal have the same key. Others may share it: a reset of one then counts for all.
 *
 * @returns `undefined` for a mode with characters beyond ASCII: its equals depend on the collation
 */
export function foldedEpochKey(mode: string): string | undefined {
  if (!/^[ -~]*$/.test(mode)) return undefined;
  const letters = mode.toLowerCase().replaceAll(ignored, '');
  return FOLDED + hash64(letters.replaceAll('m', 'n').replaceAll(/[vw]/g, 'u'));
}

/** Returns the epoch of the last reset that moved this mode back, or may have done so; 0 without one. */
export function epochOf({modeEpochs}: Lineage, mode: string): number {
  if (modeEpochs.size === 0) return 0;
  const epoch = Math.max(modeEpochs.get(exactEpochKey(mode)) ?? 0, modeEpochs.get(ALL_MODES) ?? 0);
  const key = foldedEpochKey(mode);
  if (key !== undefined) return Math.max(epoch, modeEpochs.get(key) ?? 0);
  // Any reset of a folded key may have meant this mode.
  const folded = Array.from(modeEpochs, ([each, value]) => (each.startsWith(FOLDED) ? value : 0));
  return Math.max(epoch, ...folded);
}
