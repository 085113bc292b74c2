import {execFileSync} from 'node:child_process';
import {chmodSync, chownSync} from 'node:fs';
import {join} from 'node:path';
import {need} from '../run/needs.js';
import {makeWorkspace} from '../folders/workspace.js';

/** The paths of a key and its self-signed certificate. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

/**
 * Makes a self-signed certificate for the name `localhost` (and for no address), valid for two days.
 *
 * @param owner the user and group of the files, if not those of the tests
 */
export function makeCertificate(owner: {readonly uid?: number; readonly gid?: number} = {}): Certificate {
  need('openssl');
  const folder = makeWorkspace();
  const [key, certificate] = [join(folder, 'server.key'), join(folder, 'server.crt')];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      certificate,
      ...name,
    ],
    {stdio: 'ignore'},
  );
  chmodSync(folder, 0o755);
  chmodSync(key, 0o600);
  const {uid, gid} = owner;
  if (uid !== undefined && gid !== undefined)
    for (const path of [key, certificate]) chownSync(path, uid, gid);
  return {key, certificate};
}
