/** A counter that went back: found below its high-water mark, or granting what another process has issued. */
export interface Regression {
  readonly mode: string;
  /** The next index that was found. */
  readonly found: bigint;
  /** One more than the highest integer known to be issued; `reset --at-least` this value mends it. */
  readonly highWaterMark: bigint;
}

/** The treatment of a counter that went back by accident: raise it, or quarantine its mode. */
export type RegressionPolicy = 'raise' | 'stop';
