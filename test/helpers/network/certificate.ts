import {execFileSync} from 'node:child_process';
import {chmodSync, chownSync, writeFileSync} from 'node:fs';
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

/**
 * Signs the key of a certificate once more, for a period of its own.
 *
 * @param start as `20200101000000Z`
 */
export function withPeriod({key, certificate}: Certificate, start: string, end: string): Certificate {
  const folder = makeWorkspace();
  const [config, request, signed] = [join(folder, 'ca'), join(folder, 'request'), join(folder, 'server.crt')];
  writeFileSync(
    config,
    `[ca]\ndefault_ca = own\n[own]\ndatabase = ${folder}/index\nserial = ${folder}/serial\n` +
      `new_certs_dir = ${folder}\ndefault_md = sha256\npolicy = any\nx509_extensions = names\n` +
      '[any]\ncommonName = supplied\n[names]\nsubjectAltName = DNS:localhost\n',
  );
  writeFileSync(join(folder, 'index'), '');
  writeFileSync(join(folder, 'serial'), '01\n');
  const run = (...args: string[]): void => {
    execFileSync('openssl', args, {stdio: 'pipe'});
  };
  run('x509', '-x509toreq', '-in', certificate, '-signkey', key, '-out', request);
  const period = ['-startdate', start, '-enddate', end];
  run(
    'ca',
    '-batch',
    '-selfsign',
    '-notext',
    '-config',
    config,
    '-keyfile',
    key,
    ...period,
    '-in',
    request,
    '-out',
    signed,
  );
  return {key, certificate: signed};
}
