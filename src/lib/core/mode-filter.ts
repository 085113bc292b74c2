/** Whether a mode may be used. */
export type ModeFilter = (mode: string) => boolean;

/**
 * A filter from a list such as `file, upload_*`: names, and beginnings that end in `*`.
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
  const beginnings = patterns
    .filter((pattern) => pattern.endsWith('*'))
    .map((pattern) => pattern.slice(0, -1));
  return (mode) => names.has(mode) || beginnings.some((beginning) => mode.startsWith(beginning));
}
