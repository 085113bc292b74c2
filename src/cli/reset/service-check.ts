import type {ResetMove} from '../../lib/operations/reset.js';
import type {SendOptions} from '../../lib/client/send-request.js';
import {readServiceStatus} from '../../lib/client/service-status.js';
import type {ServiceStatus} from '../../lib/client/status-shape.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import {databaseIdentity} from '../../lib/operations/database-status.js';
import type {Store} from '../../lib/store/store.js';
import {formatInteger} from '../../lib/util/text/numbers.js';

/**
 * Asks running services whether they have issued integers that a reset would issue again. Rejects the reset
 * unless every answer is complete and about this database.
 *
 * @throws UniqueIDError `REJECTED` if a service has issued them or does not say; `REMOTE_FAILED` if it
 *   answers no status
 */
export async function assertNotIssued(
  servers: readonly string[],
  store: Store,
  moves: readonly ResetMove[],
  options: SendOptions,
): Promise<void> {
  const identity = await databaseIdentity(store);
  for (const server of servers) {
    for (const {mode, to} of moves) {
      const status = await readServiceStatus(server, options, {mode});
      if (identity === undefined || status.database.identity !== identity)
        throw otherDatabaseError(server, status, store.location);
      const highWaterMark = readHighWaterMark(status, mode);
      if (highWaterMark === undefined) throw incompleteStatusError(server, mode);
      if (highWaterMark !== null && highWaterMark > to) throw alreadyIssuedError(server, mode, highWaterMark);
    }
  }
}

/** Returns `null` if the service has issued nothing of the mode, and `undefined` if it does not say. */
function readHighWaterMark({modes}: ServiceStatus, mode: string): bigint | null | undefined {
  const [found, ...others] = modes.filter((each) => each.mode === mode);
  return others.length === 0 ? found?.highWaterMark : undefined;
}

function otherDatabaseError(server: string, {database}: ServiceStatus, location: string): UniqueIDError {
  const difference =
    typeof database.identity === 'string' ? 'uses another database than' : 'does not say whether it uses';
  return new UniqueIDError(
    'REJECTED',
    `The service at ${server} (${database.location}) ${difference} ${location}; nothing was changed.`,
    {hint: "Pass the service's own database with --database, or shut the service down and omit --server."},
  );
}

function incompleteStatusError(server: string, mode: string): UniqueIDError {
  return new UniqueIDError(
    'REJECTED',
    `The service at ${server} does not report what it has issued for mode ${JSON.stringify(mode)}; ` +
      'nothing was changed.',
    {hint: 'Check that it is a UniqueID service of this version, or shut it down and omit --server.'},
  );
}

function alreadyIssuedError(server: string, mode: string, highWaterMark: bigint): UniqueIDError {
  return new UniqueIDError(
    'REJECTED',
    `The service at ${server} has issued integers of mode ${JSON.stringify(mode)} ` +
      `up to ${formatInteger(highWaterMark - 1n)}; nothing was changed.`,
    {hint: `Pass --at-least ${highWaterMark}, or shut that service down first and omit --server.`},
  );
}
