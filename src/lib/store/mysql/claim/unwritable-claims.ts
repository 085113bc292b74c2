import type {PoolConnection, RowDataPacket} from 'mysql2/promise';
import {unwritableMode} from '../../shared/network-errors.js';
import type {Claim, ClaimResult} from '../../store.js';
import * as statements from '../statements.js';

/** Time until the character set is read again, in milliseconds: an administrator may convert the table. */
const TRUSTED_MS = 60_000;

/** Every character set of a table has these. */
const plain = /^[ -~]*$/;

/**
 * Finds the modes that the table's character set lacks, in one round trip: one of them fails the commit of all others
 * and costs a connection. Asks nothing until a commit has failed that way, and nothing for modes of ASCII.
 */
export class UnwritableClaims {
  #charset = '';
  #readAt = -Infinity;

  /** Called after a commit failed because of a mode. */
  async readCharset(connection: PoolConnection): Promise<void> {
    const [[column]] = await connection.query<RowDataPacket[]>(statements.readCharset);
    const name: unknown = column?.['name'];
    this.#charset = typeof name === 'string' && /^\w+$/.test(name) ? name : '';
    this.#readAt = performance.now();
  }

  /** Whether the character set is known well enough to tell such modes from others. */
  get isActive(): boolean {
    return this.#charset !== '' && performance.now() - this.#readAt < TRUSTED_MS;
  }

  /** @returns the modes that cannot be written */
  async find(connection: PoolConnection, claims: readonly Claim[]): Promise<ReadonlySet<string>> {
    const modes = claims.map(({mode}) => mode).filter((mode) => !plain.test(mode));
    if (modes.length === 0 || !this.isActive) return new Set();
    const [[row]] = await connection.query<RowDataPacket[]>(statements.throughCharset(modes, this.#charset));
    const held = String(row?.['held']).toLowerCase().split(' ');
    return new Set(modes.filter((mode, index) => held[index] !== Buffer.from(mode, 'utf8').toString('hex')));
  }
}

/** Puts the results of the claims that were made among the errors of those that were not. */
export function withUnwritable(
  claims: readonly Claim[],
  unwritable: ReadonlySet<string>,
  made: readonly ClaimResult[],
  location: string,
): readonly ClaimResult[] {
  const results = made.values();
  return claims.flatMap(({mode}) =>
    unwritable.has(mode)
      ? {kind: 'rejected' as const, error: unwritableMode(location, undefined)}
      : (results.next().value ?? []),
  );
}
