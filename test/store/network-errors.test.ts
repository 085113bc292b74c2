import {describe, expect, inject, it} from 'vitest';
import {cli} from '../helpers/programs/cli.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {needs} from '../helpers/run/needs.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {password} from '../helpers/databases/private-server.js';
import {silentPort} from '../helpers/network/listening.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

const kinds = [
  {name: 'PostgreSQL', need: 'postgresql', server: inject('postgresUrl'), make: makePostgresDatabase},
  {name: 'MariaDB', need: 'mariadb', server: inject('mysqlUrl'), make: makeMysqlDatabase},
] as const;

const env = {DATABASE_CONNECT_ATTEMPTS: '2', DATABASE_CONNECT_WAIT: '0'};

describe.each(kinds)('$name, by the command line', ({need, server, make}) => {
  needs(need).describe('on a real server', () => {
    it('is created, allocated from, shown and reset', async () => {
      const {url} = await make();
      const cwd = makeWorkspace();
      const run = (...args: string[]): ReturnType<typeof cli> => cli(args, {cwd, env: {PEEWEE_URL: url}});
      expect((await run('getid', '-m', 'file')).status).toBe(3);
      const synced = await run('dbsync');
      expect(synced).toMatchObject({status: 0});
      expect(await run('getid', '-m', 'Файл', '-r', '10')).toMatchObject({
        stdout: '{"endIndex": 9, "startIndex": 0}\n',
        stderr: '',
      });
      expect((await run('reset', '-m', 'Файл', '--to', '9223372036854775807', '--yes')).status).toBe(0);
      expect((await run('getid', '-m', 'Файл')).status).toBe(5);
      const status = await run('status');
      expect(status).toMatchObject({status: 0, stderr: ''});
      expect(status.stdout).toContain('Schema      1.0, safe to serve');
      expect(status.stdout).toContain('9,223,372,036,854,775,807');
      for (const {stdout, stderr} of [synced, status]) expect(stdout + stderr).not.toMatch(/p;a#ss|p%3Ba/);
    });

    it('that cannot be reached ends in exit status 4, each reason with its own message', async () => {
      const {url} = await make();
      const secret = encodeURIComponent(password);
      const {port} = new URL(url);
      const cases: readonly (readonly [string, RegExp])[] = [
        [url.replace(secret, 'wrong'), /refuses to log user "tester" in/],
        [url.replace('tester', 'nobody'), /refuses to log user "nobody" in/],
        [`${server}/no_such_database`, /has no database "no_such_database"/],
        [url.replace(`:${port}/`, ':1/'), /cannot be reached: nothing listens there/],
        [
          url.replace('127.0.0.1', 'no-such-host.invalid'),
          /cannot be reached: (?:there is no host of that name|its name cannot be looked up now)/,
        ],
        [
          url.replace(`:${port}/`, `:${await silentPort()}/`) + '?connect_timeout=0.5',
          /cannot be reached: it did not answer in time/,
        ],
        [`${url}?sslmode=require`, /do not agree on TLS|TLS failed|cannot be reached: the connection was c/],
      ];
      for (const [wrong, message] of cases) {
        const {status, stdout, stderr} = await cli(['getid', '-m', 'file'], {
          cwd: makeWorkspace(),
          env: {...env, PEEWEE_URL: wrong},
        });
        expect({status, stdout}, stderr).toEqual({status: 4, stdout: ''});
        expect(stderr).toMatch(message);
        expect(stderr).toMatch(/\nTry: {3}/);
        expect(stderr).not.toMatch(/p;a#ss|p%3Ba|wrong@| at |node_modules/);
      }
    });
  });
});
