/** A quarantined mode: its counter was found below its high-water mark. */
export interface Regression {
  readonly mode: string;
  /** The next index that was found. */
  readonly found: bigint;
  /** One more than the highest integer this process has issued; `reset --at-least` this value mends it. */
  readonly highWaterMark: bigint;
}
