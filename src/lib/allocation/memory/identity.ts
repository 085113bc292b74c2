import {toUniqueIDError} from '../../core/errors.js';
import type {Lineage, Store} from '../../store/store.js';

/** The lineage of a database that should have an identity. */
export interface Identified {
  readonly lineage: Lineage;
  /** True if this user may not write an identity: the place of the database must then do. */
  readonly isDenied: boolean;
}

/**
 * Reads the lineage of a database, and gives it an identity.
 *
 * @param mayWrite false to leave a database without an identity as it is
 * @throws UniqueIDError `DATABASE_*`
 */
export async function withIdentity(store: Store, mayWrite = true): Promise<Identified> {
  const lineage = await store.lineage();
  if (lineage.identity !== undefined || !mayWrite) return {lineage, isDenied: false};
  try {
    await store.ensureIdentity(1 + Math.floor(Math.random() * (2 ** 31 - 1)));
  } catch (error) {
    return {lineage, isDenied: !toUniqueIDError(error).transient};
  }
  return {lineage: await store.lineage(), isDenied: false};
}
