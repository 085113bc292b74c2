import type {Claim, ClaimResult} from '../../../src/lib/store/store.js';

/** Makes a claim that may create its mode; with a minimum the mode must exist. */
export function claim(mode: string, count: bigint, minimum?: bigint): Claim {
  return {mode, count, minimum: minimum ?? 0n, mayCreate: minimum === undefined};
}

export function granted(next: bigint): ClaimResult {
  return {kind: 'granted', next};
}
