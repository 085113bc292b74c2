import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {Allocator} from '../../../src/lib/allocation/allocator.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import {cli} from '../../helpers/programs/cli.js';
import {makeMysqlDatabase} from '../../helpers/databases/mysql-database.js';
import {needs} from '../../helpers/run/needs.js';
import {openForTest} from '../../helpers/databases/network-database.js';
import {startPgBouncer} from '../../helpers/databases/pgbouncer.js';
import {makePostgresDatabase} from '../../helpers/databases/postgres-database.js';
import {password, startPostgres} from '../../helpers/databases/private-server.js';
import {flaws} from '../../helpers/ranges.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {claim, granted} from '../../helpers/databases/claims.js';

const options = {firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 1000};

needs('postgresql').describe('several hosts in one URL', () => {
  it('lead to the host that accepts writes', async () => {
    const readOnly = await startPostgres(['default_transaction_read_only = on']);
    onTestFinished(() => readOnly.remove());
    const primary = await startPostgres();
    onTestFinished(() => primary.remove());
    const hosts = ['127.0.0.1:1', `127.0.0.1:${readOnly.port}`, `127.0.0.1:${primary.port}`].join(',');
    const store = await openForTest(`postgresql://tester:${encodeURIComponent(password)}@${hosts}/postgres`);
    await migrate(store);
    expect(await store.advance([claim('file', 3n)], 0n)).toEqual([granted(3n)]);
    const alone = await cli(['getid', '-m', 'file'], {
      cwd: makeWorkspace(),
      env: {PEEWEE_URL: `${readOnly.url}/postgres`, UNIQUEID_REQUEST_TIMEOUT: '0.3'},
    });
    expect([3, 4]).toContain(alone.status);
  });
});

needs('postgresql', 'pgbouncer').describe('behind PgBouncer in transaction mode', () => {
  it('allocates without prepared statements', async () => {
    const pooled = await startPgBouncer((await makePostgresDatabase()).url);
    const stores = [await openForTest(pooled), await openForTest(pooled), await openForTest(pooled)];
    await migrate(stores[0] ?? (await openForTest(pooled)));
    const allocators = stores.map((store) => new Allocator(store, options));
    const given = await Promise.all(
      Array.from({length: 300}, async (_, index) => {
        await sleep(index % 20);
        return allocators[index % 3]?.allocate('file', 5n) ?? {start: 0n, end: 0n};
      }),
    );
    expect(flaws(given)).toEqual({overlaps: [], gaps: [], next: 1500n});
  });
});

describe.each([
  {name: 'PostgreSQL', need: 'postgresql', make: makePostgresDatabase},
  {name: 'MariaDB', need: 'mariadb', make: makeMysqlDatabase},
] as const)('$name', ({need, make}) => {
  needs(need).it('concurrent dbsync runs end in one correct schema', async () => {
    for (let turn = 0; turn < 3; turn++) {
      const {url} = await make();
      const run = (...args: string[]): ReturnType<typeof cli> =>
        cli(args, {cwd: makeWorkspace(), env: {PEEWEE_URL: url}});
      const all = await Promise.all([run('dbsync'), run('dbsync'), run('dbsync')]);
      for (const {status, stderr} of all) expect(status, stderr).toBe(0);
      expect((await run('dbsync', '--check', '--equal')).status).toBe(0);
    }
  });
});
