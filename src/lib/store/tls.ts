import {readFileSync} from 'node:fs';
import type {ConnectionOptions} from 'node:tls';
import type {DatabaseOptions} from '../config/database-options.js';
import {UniqueIDError} from '../errors.js';

/**
 * What TLS is to check. Certificates are verified unless `no-verify` or `prefer` says otherwise; `require` does so
 * too, unlike libpq's, because encryption to nobody knows whom protects from nobody.
 *
 * @throws UniqueIDError `CONFIG_INVALID` where a file cannot be read
 */
export function tlsOptions({
  sslmode,
  sslrootcert,
  sslcert,
  sslkey,
}: DatabaseOptions): ConnectionOptions | undefined {
  if (sslmode === 'disable') return undefined;
  const files = {
    ca: read('sslrootcert', sslrootcert),
    cert: read('sslcert', sslcert),
    key: read('sslkey', sslkey),
  };
  const given = Object.fromEntries(Object.entries(files).filter(([, content]) => content !== undefined));
  const verify = sslmode !== 'no-verify' && sslmode !== 'prefer';
  return {
    ...given,
    rejectUnauthorized: verify,
    // The chain is checked, the name in it is not.
    ...(sslmode === 'verify-ca' ? {checkServerIdentity: () => undefined} : {}),
  };
}

function read(option: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UniqueIDError(
      'CONFIG_INVALID',
      `The file ${path} (option ${option} of the database URL) cannot be read.`,
      {
        cause: error,
        hint: 'Correct the path, or let the user that runs UniqueID read the file.',
      },
    );
  }
}
