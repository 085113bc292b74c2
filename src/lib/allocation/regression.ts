/** A mode whose counter was seen below what this process has handed out: it stays stopped until the counter is back. */
export interface Regression {
  readonly mode: string;
  /** Where the counter was found. */
  readonly found: bigint;
  /** One more than the highest integer this process has handed out: `reset --to` this mends it. */
  readonly highWaterMark: bigint;
}
