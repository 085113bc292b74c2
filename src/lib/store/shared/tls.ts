import {isIP} from 'node:net';
import {checkServerIdentity, type ConnectionOptions} from 'node:tls';
import type {DatabaseUrl} from '../../config/database-url.js';
import {UniqueIDError} from '../../core/errors.js';
import {readBytes, READ_HINT, UnreadableFile} from '../../util/read-file.js';
import {assertOwnerWrites} from '../../config/secret-files.js';

/**
 * Returns the TLS options for a database URL; `undefined` if it disables TLS. Verifies certificates unless
 * `sslmode` is `no-verify` or `prefer`. Unlike in libpq, `require` verifies them too: encryption to an
 * unverified peer protects against nothing.
 *
 * @throws UniqueIDError `CONFIG_INVALID` if a file cannot be read
 */
export function tlsOptions({options, hosts}: DatabaseUrl): ConnectionOptions | undefined {
  const {sslmode, sslrootcert, sslcert, sslkey} = options;
  if (sslmode === 'disable') return undefined;
  const files = {
    ca: read('sslrootcert', sslrootcert),
    cert: read('sslcert', sslcert),
    key: read('sslkey', sslkey),
  };
  if (sslkey !== undefined) assertOwnerWrites({name: 'sslkey', path: sslkey, isSecret: true});
  const present = Object.fromEntries(Object.entries(files).filter(([, content]) => content !== undefined));
  return {
    ...present,
    rejectUnauthorized: sslmode !== 'no-verify' && sslmode !== 'prefer',
    checkServerIdentity:
      sslmode === 'verify-ca' ? () => undefined : identityCheck(hosts.map(({host}) => host)),
  };
}

/**
 * Makes the check of a server's name. A driver that connects to an IP address names no server, and Node then
 * checks the certificate against `localhost`. In this case the certificate must be for one of the addresses
 * in the URL.
 */
function identityCheck(hosts: readonly string[]): NonNullable<ConnectionOptions['checkServerIdentity']> {
  return (name, certificate) => {
    const candidates = hosts.includes(name) ? [name] : hosts.filter((host) => isIP(host) !== 0);
    const failures = candidates.map((candidate) => checkServerIdentity(candidate, certificate));
    return failures.includes(undefined) ? undefined : (failures[0] ?? checkServerIdentity(name, certificate));
  };
}

function read(option: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readBytes(path);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new UniqueIDError(
      'CONFIG_INVALID',
      `The file ${path} (option ${option} of the database URL) cannot be read: ${error.message}.`,
      {
        cause: error,
        hint: READ_HINT,
      },
    );
  }
}
