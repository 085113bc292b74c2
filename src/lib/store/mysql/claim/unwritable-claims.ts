import type {PoolConnection, RowDataPacket} from 'mysql2/promise';
import {unwritableMode} from '../../shared/network-errors.js';
import type {Claim, ClaimResult} from '../../store.js';
import * as statements from '../statements.js';
import {existing} from './results.js';

/** Lifetime of the cached character set: an administrator may convert the table. */
const CHARSET_TTL_MS = 60_000;

/** Characters that exist in every character set of a table. */
const plain = /^[ -~]*$/;

/**
 * Finds modes with characters that the table's character set lacks, in one round trip. A single one fails the
 * commit of the whole batch and costs a connection. Sends no query before the first such failure, and none
 * for ASCII modes.
 */
export class UnwritableClaims {
  #charset = '';
  #readAt = -Infinity;

  /** Reads the character set, after a commit failed because of a mode. */
  async readCharset(connection: PoolConnection): Promise<void> {
    const [[column]] = await connection.query<RowDataPacket[]>(statements.readCharset);
    const name: unknown = column?.['name'];
    this.#charset = typeof name === 'string' && /^\w+$/.test(name) ? name : '';
    this.#readAt = performance.now();
  }

  /** True while the character set is known and up to date. */
  get isActive(): boolean {
    return this.#charset !== '' && performance.now() - this.#readAt < CHARSET_TTL_MS;
  }

  /** Returns the modes that cannot be written. */
  async find(connection: PoolConnection, claims: readonly Claim[]): Promise<ReadonlySet<string>> {
    const modes = claims.map(({mode}) => mode).filter((mode) => !plain.test(mode));
    if (modes.length === 0 || !this.isActive) return new Set();
    const [[row]] = await connection.query<RowDataPacket[]>(statements.throughCharset(modes, this.#charset));
    const held = String(row?.['held']).toLowerCase().split(' ');
    return new Set(modes.filter((mode, index) => held[index] !== Buffer.from(mode, 'utf8').toString('hex')));
  }
}

/**
 * Merges the results of the writable claims with errors for the unwritable ones, in the order of the claims.
 */
export function withUnwritable(
  claims: readonly Claim[],
  unwritable: ReadonlySet<string>,
  ofWritable: readonly ClaimResult[],
  location: string,
): readonly ClaimResult[] {
  const results = ofWritable.values();
  return claims.map(({mode}) => {
    if (unwritable.has(mode)) return {kind: 'rejected', error: unwritableMode(location, undefined)};
    return existing(mode, results.next().value);
  });
}
