/** A quarantined mode: its counter was found below its high-water mark. */
export interface Regression {
  readonly mode: string;
  /** The next index that was found. */
  readonly found: bigint;
  /** One more than the highest integer this process has issued; `reset --to` this value mends the mode. */
  readonly highWaterMark: bigint;
}
