import {createSecureContext} from 'node:tls';
import type {Settings} from '../../config/settings.js';
import {UniqueIDError} from '../../core/errors.js';
import {readBytes, READ_HINT, UnreadableFile} from '../../util/read-file.js';
import {assertOwnerWrites} from '../../config/secret-files.js';

/** The PEM files that a TLS server needs. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Reads certificate and key, and checks that they match.
 *
 * @returns `undefined` if neither is configured
 * @throws UniqueIDError `CONFIG_INVALID`
 */
export function readTlsFiles({tlsCert, tlsKey}: Pick<Settings, 'tlsCert' | 'tlsKey'>): TlsFiles | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    const [set, missing] = tlsKey === undefined ? ['tls_cert', 'tls_key'] : ['tls_key', 'tls_cert'];
    throw new UniqueIDError('CONFIG_INVALID', `${set} is set, but ${missing} is not.`, {
      hint: 'Set both for HTTPS, or neither for HTTP.',
    });
  }
  const files = {cert: read('tls_cert', tlsCert), key: read('tls_key', tlsKey)};
  assertOwnerWrites({name: 'tls_key', path: tlsKey, isSecret: true});
  try {
    createSecureContext(files);
  } catch (error) {
    throw new UniqueIDError(
      'CONFIG_INVALID',
      `tls_key ${tlsKey} does not match the certificate in tls_cert ${tlsCert}.`,
      {
        cause: error,
        hint: 'Both must be PEM files; put the certificate first in its file, and the chain after it.',
      },
    );
  }
  return files;
}

function read(key: string, path: string): Buffer {
  try {
    return readBytes(path);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new UniqueIDError('CONFIG_INVALID', `Cannot read ${key} ${path}: ${error.message}.`, {
      cause: error,
      hint: READ_HINT,
    });
  }
}
