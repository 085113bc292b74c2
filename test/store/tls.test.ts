import {describe, expect, inject, onTestFinished} from 'vitest';
import {makeCertificate, type Certificate} from '../helpers/network/certificate.js';
import {cli, type Finished} from '../helpers/programs/cli.js';
import {failureOf} from '../helpers/programs/screens.js';
import {needs, type Need} from '../helpers/run/needs.js';
import {
  mariadbUser,
  postgresUser,
  startMariadb,
  startPostgres,
  type PrivateServer,
} from '../helpers/databases/private-server.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

/** A kind of server that has its own TLS certificate, with a database that every user may use. */
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
  needs(need, 'openssl').it('verifies the certificate unless sslmode disables that', async () => {
    const {server, files} = await start();
    onTestFinished(() => server.remove());
    const run = (host: string, query: string): Promise<Finished> => {
      const url = `${server.url.replace('127.0.0.1', host)}/${database}${query}`;
      return cli(['dbsync', '--json'], {cwd: makeWorkspace(), env: {PEEWEE_URL: url}});
    };
    // Of all errors, only that of an untrusted certificate names this setting.
    const untrusted = {
      code: 'DATABASE_UNAVAILABLE',
      exit: 4,
      hint: expect.stringContaining('sslrootcert') as string,
    };
    for (const mode of ['require', 'verify-ca', 'verify-full'])
      expect(failureOf(await run('localhost', `?sslmode=${mode}`)), mode).toMatchObject(untrusted);
    const trusted = `&sslrootcert=${files.certificate}`;
    for (const query of ['', '?sslmode=disable', '?sslmode=no-verify', `?sslmode=require${trusted}`])
      expect(await run('localhost', query), query).toMatchObject({status: 0});

    expect(failureOf(await run('127.0.0.1', `?sslmode=verify-full${trusted}`))).toMatchObject(untrusted);
    expect(await run('127.0.0.1', `?sslmode=verify-ca${trusted}`)).toMatchObject({status: 0});
  });

  needs(need).it('fails if the server does not offer it, and never connects without it', async () => {
    for (const mode of ['require', 'no-verify']) {
      const plain = await cli(['dbsync', '--json'], {
        cwd: makeWorkspace(),
        env: {PEEWEE_URL: `${shared}/${database}?sslmode=${mode}`},
      });
      expect(failureOf(plain)).toMatchObject({
        code: 'DATABASE_UNAVAILABLE',
        exit: 4,
        hint: expect.stringContaining('sslmode=disable') as string,
      });
    }
  });
});
