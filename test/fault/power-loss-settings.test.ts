import {describe, expect, onTestFinished} from 'vitest';
import {cli} from '../helpers/programs/cli.js';
import {needs} from '../helpers/run/needs.js';
import {startMariadb, startPostgres, type PrivateServer} from '../helpers/databases/private-server.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

interface Weakened {
  readonly setting: string;
  readonly options: readonly string[];
  /** What status shows of it, and what it warns of; nothing where UniqueID sets it right for itself. */
  readonly shows: string;
  readonly warns: string | undefined;
}

const postgres: readonly Weakened[] = [
  {setting: 'fsync', options: ['fsync = off'], shows: 'fsync=off', warns: 'fsync is off'},
  {
    setting: 'full_page_writes',
    options: ['full_page_writes = off'],
    shows: 'full_page_writes=off',
    warns: 'full_page_writes is off',
  },
  {
    setting: 'synchronous_commit',
    options: ['synchronous_commit = off'],
    shows: 'synchronous_commit=on',
    warns: undefined,
  },
];

const mariadb: readonly Weakened[] = [
  {
    setting: 'innodb_flush_log_at_trx_commit',
    options: ['--innodb-flush-log-at-trx-commit=2'],
    shows: 'innodb_flush_log_at_trx_commit=2',
    warns: 'innodb_flush_log_at_trx_commit is 2',
  },
  {
    setting: 'innodb_doublewrite',
    options: ['--skip-innodb-doublewrite'],
    shows: 'innodb_flush_log_at_trx_commit=1',
    warns: 'innodb_doublewrite is off',
  },
  {
    setting: 'sync_binlog',
    options: ['--log-bin=binlog', '--server-id=1', '--sync-binlog=0'],
    shows: 'sync_binlog=0',
    warns: 'sync_binlog is not 1',
  },
];

/** What status says, on one line, as a reader would have it. */
async function statusOf(url: string): Promise<string> {
  const options = {cwd: makeWorkspace(), env: {PEEWEE_URL: url}};
  expect((await cli(['dbsync'], options)).status).toBe(0);
  const {stdout} = await cli(['status', '--json'], options);
  return stdout;
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
])('$name: status shows what a power failure could lose', ({need, start, database, each}) => {
  async function statusWith(options: readonly string[]): Promise<string> {
    const server: PrivateServer = await start(options);
    onTestFinished(() => server.remove());
    return statusOf(`${server.url}/${database}`);
  }

  needs(need).it.each(each)('$setting', async ({options, shows, warns}) => {
    const status = await statusWith(options);
    expect(status).toContain(shows);
    if (warns === undefined) expect(status).toContain('"warnings": []');
    else expect(status).toContain(warns);
  });
});
