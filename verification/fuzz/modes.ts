/** How far apart the counters begin: an answer alone then tells which mode it is of. */
const APART = 10_000_000_000_000;

/** Many are one change away from another one, so that a changed request often asks for a mode there is. */
const modes = [
  'file',
  'fil',
  'File',
  'filE',
  'fiie',
  'file2',
  'file%',
  'file+',
  'file&',
  'fi le',
  'upload_job',
  'upload-job',
  'transaction',
  'a b',
  'a+b',
  '100%',
  '\u00e9',
  'e\u0301',
  '日本',
  'm&n=o',
  '"q"',
  '<>{}|\\^`',
  "o'clock",
  'a/../b?c#d',
];

/** The modes that are asked for, and where the counter of each begins. */
export const counters: readonly {readonly mode: string; readonly begin: number}[] = modes.map(
  (mode, index) => ({mode, begin: (index + 1) * APART}),
);

/** The counter that an integer is of; `undefined` for none. */
export function counterOf(integer: number): (typeof counters)[number] | undefined {
  return counters[Math.floor(integer / APART) - 1];
}
