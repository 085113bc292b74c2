import {hash64} from '../core/hash.js';
import type {Lineage} from './store.js';

/** The key of the epoch that counts for all modes. */
export const ALL_MODES = '*';

/** The characters that a collation of MariaDB may ignore, or treat as equal to an ignored one. */
const ignored = /[^0-9a-z]|[ehijy]/g;

/**
 * Returns the key of a mode in `Lineage.modeEpochs`. All spellings that a collation may treat as equal have
 * the same key. Others may share it: a reset of one then counts for all of them.
 *
 * @returns `undefined` for a mode with characters beyond ASCII: its equals depend on the collation
 */
export function epochKey(mode: string): string | undefined {
  if (!/^[ -~]*$/.test(mode)) return undefined;
  const letters = mode.toLowerCase().replaceAll(ignored, '');
  return hash64(letters.replaceAll('m', 'n').replaceAll(/[vw]/g, 'u'));
}

/** Returns the epoch of the last reset that moved this mode back, or may have done so; 0 without one. */
export function epochOf({epoch, modeEpochs}: Lineage, mode: string): number {
  if (modeEpochs.size === 0) return 0;
  const key = epochKey(mode);
  return key === undefined ? epoch : Math.max(modeEpochs.get(key) ?? 0, modeEpochs.get(ALL_MODES) ?? 0);
}
