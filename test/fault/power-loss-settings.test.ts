import {describe, expect, onTestFinished} from 'vitest';
import {cli} from '../helpers/programs/cli.js';
import {needs} from '../helpers/run/needs.js';
import {startMariadb, startPostgres, type PrivateServer} from '../helpers/databases/private-server.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

interface Weakened {
  readonly setting: string;
  readonly options: readonly string[];
  /** The part of `durability` in the status. */
  readonly shows: string;
  /** True if a warning names the setting; there is none if UniqueID overrides the setting. */
  readonly isWarnedOf: boolean;
}

const postgres: readonly Weakened[] = [
  {setting: 'fsync', options: ['fsync = off'], shows: 'fsync=off', isWarnedOf: true},
  {
    setting: 'full_page_writes',
    options: ['full_page_writes = off'],
    shows: 'full_page_writes=off',
    isWarnedOf: true,
  },
  {
    setting: 'synchronous_commit',
    options: ['synchronous_commit = off'],
    shows: 'synchronous_commit=on',
    isWarnedOf: false,
  },
];

const mariadb: readonly Weakened[] = [
  {
    setting: 'innodb_flush_log_at_trx_commit',
    options: ['--innodb-flush-log-at-trx-commit=2'],
    shows: 'innodb_flush_log_at_trx_commit=2',
    isWarnedOf: true,
  },
  {
    setting: 'innodb_doublewrite',
    options: ['--skip-innodb-doublewrite'],
    shows: 'innodb_flush_log_at_trx_commit=1',
    isWarnedOf: true,
  },
  {
    setting: 'sync_binlog',
    options: ['--log-bin=binlog', '--server-id=1', '--sync-binlog=0'],
    shows: 'sync_binlog=0',
    isWarnedOf: true,
  },
];

interface Facts {
  readonly durability: string;
  readonly warnings: readonly string[];
}

/** Creates the tables and returns the facts that `status` shows of the database. */
async function factsOf(url: string): Promise<Facts> {
  const options = {cwd: makeWorkspace(), env: {PEEWEE_URL: url}};
  expect((await cli(['dbsync'], options)).status).toBe(0);
  const {stdout} = await cli(['status', '--json'], options);
  return (JSON.parse(stdout) as {database: Facts}).database;
}

describe.each([
  {
    name: 'PostgreSQL',
    need: 'postgresql' as const,
    start: (options: readonly string[]) => startPostgres(options),
    database: 'postgres',
    each: postgres,
  },
  {
    name: 'MariaDB',
    need: 'mariadb' as const,
    start: (options: readonly string[]) => startMariadb(options),
    database: 'mysql',
    each: mariadb,
  },
])('status on $name', ({need, start, database, each}) => {
  needs(need).it.each(each)(
    'shows whether $setting lets a power failure lose commits',
    async ({setting, options, shows, isWarnedOf}) => {
      const server: PrivateServer = await start(options);
      onTestFinished(() => server.remove());
      const {durability, warnings} = await factsOf(`${server.url}/${database}`);
      expect(durability).toContain(shows);
      if (isWarnedOf) expect(warnings).toContainEqual(expect.stringContaining(setting));
      else expect(warnings).toEqual([]);
    },
  );
});
