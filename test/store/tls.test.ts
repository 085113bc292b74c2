import {describe, expect, inject, onTestFinished} from 'vitest';
import {makeCertificate, type Certificate} from '../helpers/network/certificate.js';
import {cli, type Finished} from '../helpers/programs/cli.js';
import {needs, type Need} from '../helpers/run/needs.js';
import {
  mariadbUser,
  postgresUser,
  startMariadb,
  startPostgres,
  type PrivateServer,
} from '../helpers/databases/private-server.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

/** A server that speaks TLS with a certificate of its own, and a database of it that anybody may use. */
interface Kind {
  readonly name: string;
  readonly need: Need;
  readonly shared: string;
  readonly database: string;
  readonly start: () => Promise<{server: PrivateServer; files: Certificate}>;
}

const kinds: readonly Kind[] = [
  {
    name: 'PostgreSQL',
    need: 'postgresql',
    shared: inject('postgresUrl'),
    database: 'postgres',
    start: async () => {
      const files = makeCertificate(postgresUser());
      const server = await startPostgres([
        'ssl = on',
        `ssl_cert_file = '${files.certificate}'`,
        `ssl_key_file = '${files.key}'`,
      ]);
      return {server, files};
    },
  },
  {
    name: 'MariaDB',
    need: 'mariadb',
    shared: inject('mysqlUrl'),
    database: 'mysql',
    start: async () => {
      const files = makeCertificate(mariadbUser());
      const server = await startMariadb([`--ssl-cert=${files.certificate}`, `--ssl-key=${files.key}`]);
      return {server, files};
    },
  },
];

describe.each(kinds)('TLS to $name', ({need, shared, database, start}) => {
  needs(need, 'openssl').it('is verified unless told otherwise in words', async () => {
    const {server, files} = await start();
    onTestFinished(() => server.remove());
    const run = (host: string, query: string): Promise<Finished> => {
      const url = `${server.url.replace('127.0.0.1', host)}/${database}${query}`;
      return cli(['dbsync'], {cwd: makeWorkspace(), env: {PEEWEE_URL: url}});
    };
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      const untrusted = await run('localhost', `?sslmode=${mode}`);
      expect(untrusted.status, mode).toBe(4);
      expect(untrusted.stderr, mode).toContain('cannot be trusted: TLS failed');
    }
    const trusted = `&sslrootcert=${files.certificate}`;
    for (const query of ['', '?sslmode=disable', '?sslmode=no-verify', `?sslmode=require${trusted}`])
      expect(await run('localhost', query), query).toMatchObject({status: 0});

    const otherName = await run('127.0.0.1', `?sslmode=verify-full${trusted}`);
    expect(otherName.status).toBe(4);
    expect(otherName.stderr).toContain('cannot be trusted: TLS failed');
    expect(await run('127.0.0.1', `?sslmode=verify-ca${trusted}`)).toMatchObject({status: 0});
  });

  needs(need).it('that the server does not offer is refused, never done without', async () => {
    for (const mode of ['require', 'no-verify']) {
      const plain = await cli(['dbsync'], {
        cwd: makeWorkspace(),
        env: {PEEWEE_URL: `${shared}/${database}?sslmode=${mode}`},
      });
      expect(plain.status, plain.stderr).toBe(4);
      expect(plain.stderr).toContain('do not agree on TLS');
    }
  });
});
