import {visible} from '../util/text/visible.js';
import {isNearlyUsed} from './database-status.js';
import type {ModeDocument} from './status-document.js';

/** Returns a test for modes whose name contains a text, in any case; hidden characters match as displayed. */
export function nameFilter(text: string): (mode: Pick<ModeDocument, 'mode'>) => boolean {
  const needle = text.toLowerCase();
  return ({mode}) => {
    const name = mode.toLowerCase();
    return name.includes(needle) || (needle.includes('u{') && visible(mode).toLowerCase().includes(needle));
  };
}

/** Returns true for a mode that needs an operator: damaged, quarantined, raised lately or nearly used up. */
export function isWarned({
  next,
  quarantined = false,
  raised = false,
}: Pick<ModeDocument, 'next' | 'quarantined' | 'raised'>): boolean {
  return next === null || quarantined || raised || isNearlyUsed(next);
}

/** Below this share of all integers, the use of a mode is no concern. */
const SHOWN_SHARE_THRESHOLD = 0.001;

export function isUseShown({usedShare}: Pick<ModeDocument, 'usedShare'>): boolean {
  return usedShare !== null && usedShare >= SHOWN_SHARE_THRESHOLD;
}

/**
 * Returns integers per second between two readings of a counter; `undefined` if a reading is damaged or no
 * time has passed. A reset backward does not count as negative use.
 */
export function integersPerSecond(
  previous: bigint | null,
  next: bigint | null,
  elapsedMs: number,
): number | undefined {
  if (previous === null || next === null || elapsedMs <= 0) return undefined;
  return (Math.max(0, Number(next - previous)) / elapsedMs) * 1000;
}
