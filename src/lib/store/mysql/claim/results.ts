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
  return modes.map((mode) => {
    const result = results.get(mode);
    if (result === undefined) throw new Error(`there is no result for the mode ${JSON.stringify(mode)}`);
    return result;
  });
}
