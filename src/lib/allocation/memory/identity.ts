import type {Lineage, Store} from '../../store/store.js';

/** Reads the lineage of a database, and gives it an identity if this user may write one. */
export async function withIdentity(store: Store): Promise<Lineage> {
  const lineage = await store.lineage();
  if (lineage.identity !== undefined) return lineage;
  try {
    await store.ensureIdentity(1 + Math.floor(Math.random() * (2 ** 31 - 1)));
  } catch {
    // Without the right to write it, the marks are found by the place of the database only.
    return lineage;
  }
  return store.lineage();
}
