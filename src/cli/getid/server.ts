import type {Config} from '../../lib/config/resolve.js';
import {UniqueIDError} from '../../lib/core/errors.js';

/** The flags that decide whether a command asks a service. */
export interface ServerFlags {
  readonly database?: string | undefined;
  readonly local?: boolean | undefined;
  readonly retries?: string | undefined;
  readonly token?: string | undefined;
}

/**
 * Returns the address of the service that a command asks; `undefined` if it uses the database. A flag that
 * names a database overrides a variable or a file that names a service.
 *
 * @throws UniqueIDError `USAGE` for a flag that only a service has a use for
 */
export function chooseServer({settings}: Config, flags: ServerFlags): string | undefined {
  const server = flags.local === true || flags.database !== undefined ? undefined : settings.server;
  const unused = (['retries', 'token'] as const).find((name) => flags[name] !== undefined);
  if (server === undefined && unused !== undefined)
    throw new UniqueIDError('USAGE', `--${unused} has no effect without a service.`, {
      hint: `Add --server URL, set UNIQUEID_SERVER, or omit --${unused}.`,
    });
  return server;
}
