import type {Comparison} from '../../store/store.js';

/** Returns the same key for all spellings of a mode that share a counter. */
export type KeyOf = (mode: string) => string;

export const exactKey: KeyOf = (mode) => mode;

/**
 * Returns the keys for a table. Some collations treat more spellings as equal, such as `cafe` and `café`.
 * These have a mark each, because a coarser key could make two counters overtake each other for ever.
 */
export function keysOf({kind, name}: Comparison): KeyOf {
  const ignoresCase = kind === 'folding' && !/_cs(?:_|$)/.test(name);
  return ignoresCase ? (mode) => mode.toLowerCase() : exactKey;
}
