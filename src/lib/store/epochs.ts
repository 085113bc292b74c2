import {hash64} from '../core/hash.js';
import type {Lineage} from './store.js';

/** The key of the epoch that counts for all modes. */
export const ALL_MODES = '*';

/** Returns the key of a mode in `Lineage.modeEpochs`. */
export function epochKey(mode: string): string {
  return hash64(mode);
}

/** Returns the epoch of the last reset that moved this mode back; 0 without one. */
export function epochOf({modeEpochs}: Lineage, mode: string): number {
  if (modeEpochs.size === 0) return 0;
  return Math.max(modeEpochs.get(epochKey(mode)) ?? 0, modeEpochs.get(ALL_MODES) ?? 0);
}
