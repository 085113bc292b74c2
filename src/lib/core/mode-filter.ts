/** Returns true for a mode that may be used. */
export type ModeFilter = (mode: string) => boolean;

/**
 * Creates a filter from a list such as `file, upload_*`: modes, and prefixes that end in `*`.
 *
 * @returns `undefined` for an empty list, which allows every mode
 */
export function modeFilter(list: string): ModeFilter | undefined {
  const patterns = list
    .split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');
  if (patterns.length === 0) return undefined;
  const names = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  return (mode) => names.has(mode) || prefixes.some((prefix) => mode.startsWith(prefix));
}
