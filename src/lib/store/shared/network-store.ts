import type {Store} from '../store.js';

/** Time limit for all work but allocations: tables may have a million rows, migrators may hold locks. */
export const PATIENT_MS = 120_000;

/** Time limit for a probe: monitoring systems wait no longer. */
export const PROBE_TIMEOUT_MS = 1500;

/** The longest wait for the next statement of a transaction, in seconds: its locks stop other servers. */
export const IDLE_TRANSACTION_S = 3;

/** Default time limit for an allocation. */
export const DEFAULT_ANSWER_TIMEOUT_MS = 10_000;

/**
 * Verifies that a store can reach its server. A pool connects only on first use, but opening a store must
 * fail if the server is unreachable.
 *
 * @throws UniqueIDError `DATABASE_*` if it cannot connect; the store is then closed
 */
export async function connected(store: Store): Promise<Store> {
  try {
    await store.readSchema();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
