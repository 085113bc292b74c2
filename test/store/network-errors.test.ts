import {describe, expect, inject, it} from 'vitest';
import {cli} from '../helpers/programs/cli.js';
import {failureOf} from '../helpers/programs/screens.js';
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

describe.each(kinds)('a $name database on the command line', ({need, server, make}) => {
  needs(need).describe('on a real server', () => {
    it('can be created, shown and reset, and issues integers', async () => {
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
      expect(status.stdout).toMatch(/^Schema +1\.0, /m);
      expect(status.stdout).toContain('9,223,372,036,854,775,807');
      for (const {stdout, stderr} of [synced, status]) expect(stdout + stderr).not.toMatch(/p;a#ss|p%3Ba/);
    });

    it('ends in exit status 4 if it is unreachable, with a message for each reason', async () => {
      const {url} = await make();
      const secret = encodeURIComponent(password);
      const {port} = new URL(url);
      const silent = await silentPort();
      // Each URL, and the value that the message names.
      const cases: readonly (readonly [string, string])[] = [
        [url.replace(secret, 'wrong'), '"tester"'],
        [url.replace('tester', 'nobody'), '"nobody"'],
        [`${server}/no_such_database`, '"no_such_database"'],
        [url.replace(`:${port}/`, ':1/'), ':1/'],
        [url.replace('127.0.0.1', 'no-such-host.invalid'), 'no-such-host.invalid'],
        [url.replace(`:${port}/`, `:${silent}/`) + '?connect_timeout=0.5', `:${silent}/`],
        [`${url}?sslmode=require`, `:${port}/`],
      ];
      const texts = new Set<string>();
      for (const [wrong, named] of cases) {
        const finished = await cli(['getid', '-m', 'file', '--json'], {
          cwd: makeWorkspace(),
          env: {...env, PEEWEE_URL: wrong},
        });
        const {status, stdout, stderr} = finished;
        expect(status, stdout + stderr).toBe(4);
        const {code, message, hint} = failureOf(finished);
        expect(code).toBe('DATABASE_UNAVAILABLE');
        expect(message).toContain(named);
        expect(hint).toBeTruthy();
        expect(stdout + stderr).not.toMatch(/p;a#ss|p%3Ba|wrong@|^ {4}at |node_modules/m);
        texts.add(message.replaceAll(/\S+:\/\/\S+|"[^"]*"/g, '…'));
      }
      // A wrong password and an unknown user differ in the name alone.
      expect(texts.size).toBe(cases.length - 1);
    });
  });
});
