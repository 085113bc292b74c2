import type {ClaimResult} from '../../store.js';

/**
 * Returns the results of modes in their order.
 *
 * @throws Error if one is missing: all later ones would go to other modes
 */
export function resultsInOrder(
  modes: readonly string[],
  results: ReadonlyMap<string, ClaimResult>,
): readonly ClaimResult[] {
  return modes.map((mode) => existing(mode, results.get(mode)));
}

/** Returns the result of a mode. @throws Error if there is none */
export function existing(mode: string, result: ClaimResult | undefined): ClaimResult {
  if (result === undefined) throw new Error(`there is no result for the mode ${JSON.stringify(mode)}`);
  return result;
}
