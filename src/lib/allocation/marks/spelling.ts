import type {Comparison} from '../../store/store.js';

/** Returns the same key for all spellings of a mode that share a counter. */
export type KeyOf = (mode: string) => string;

export const exactKey: KeyOf = (mode) => mode;

/**
 * Returns the keys for a table: spellings that differ in the case of ASCII letters share one if they share a
 * counter. Others, such as `cafe` and `café`, have a mark each even if they share a counter. A key that is
 * coarser than the collation would make two counters overtake each other for ever.
 */
export function keysOf({kind, name}: Comparison): KeyOf {
  if (kind !== 'folding' || /_cs(?:_ks)?$/.test(name)) return exactKey;
  const capitals = /turkish|_tr_/.test(name) ? /[A-HJ-Z]/g : /[A-Z]/g;
  return (mode) => mode.replace(capitals, (capital) => capital.toLowerCase());
}
