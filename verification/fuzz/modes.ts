/** Distance between the first values of the counters, so that an answer alone identifies its mode. */
const APART = 10_000_000_000_000;

/** Many differ by one change from another one, so that a mutated request often names an existing mode. */
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

/** The requested modes, each with the first value of its counter. */
export const counters: readonly {readonly mode: string; readonly begin: number}[] = modes.map(
  (mode, index) => ({mode, begin: (index + 1) * APART}),
);

/** Returns the counter that an integer belongs to; `undefined` for none. */
export function counterOf(integer: number): (typeof counters)[number] | undefined {
  return counters[Math.floor(integer / APART) - 1];
}
