import type {Store} from '../store.js';

/** What is not an allocation may take this long, in milliseconds: tables with a million rows, locks of other migrators. */
export const PATIENT_MS = 120_000;

/** How long a probe may take, in milliseconds: whoever watches a service waits no longer. */
export const PROBE_TIMEOUT_MS = 1500;

/** How long an allocation may take where nobody says otherwise, in milliseconds. */
export const DEFAULT_ANSWER_TIMEOUT_MS = 10_000;

/**
 * Sees to it that a store can reach its server: a pool connects when it is first asked, and whoever opens a store
 * wants to know now.
 *
 * @throws UniqueIDError `DATABASE_*` where no connection can be had; the store is closed then
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
