/** Bounds the modes in a message; a long list would hide the rest. */
export const MAX_NAMED_MODES = 5;

/** Quotes the first modes of a list, for a message. */
export function nameModes(modes: readonly string[]): string {
  return modes
    .slice(0, MAX_NAMED_MODES)
    .map((mode) => JSON.stringify(mode))
    .join(', ');
}
