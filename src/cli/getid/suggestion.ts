import {shellWord} from '../../lib/util/text/shell-word.js';

/**
 * Returns the command line that arguments without flags most likely mean: `getid file 10` means
 * `getid --mode file --range 10`.
 *
 * @param mode the value of --mode, if it is given
 * @returns `undefined` if the arguments are not one mode and one count
 */
export function suggestGetid(args: readonly string[], mode: string | undefined): string | undefined {
  const isCount = (word: string): boolean => /^[0-9]{1,19}$/.test(word);
  const modes = [...(mode === undefined ? [] : [mode]), ...args.filter((word) => !isCount(word))];
  const counts = args.filter(isCount);
  const [chosen] = modes;
  if (chosen === undefined || modes.length > 1 || counts.length > 1) return undefined;
  return `uniqueid getid --mode ${shellWord(chosen)}${counts.map((count) => ` --range ${count}`).join('')}`;
}
