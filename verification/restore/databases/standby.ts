import {join} from 'node:path';
import {
  crash,
  onServer,
  promote,
  startStandby,
  untilStandbyIs,
} from '../../../test/helpers/databases/postgres-standby.js';
import {password, startPostgres, type PrivateServer} from '../../../test/helpers/databases/private-server.js';
import type {Random} from '../../../test/helpers/random.js';
import {tablesOf, type Backup, type Source} from './database.js';
import {copyFolder, readCounters} from './postgresql.js';

/** Starts a private PostgreSQL with an asynchronous standby; each run begins with fresh copies of both. */
export async function startStandbySource(): Promise<Source> {
  const primary = await startPostgres();
  const standby = await startStandby(primary);
  const both = [primary, standby];
  const parts = (server: PrivateServer): {data: string; template: string} => ({
    data: join(server.folder, 'data'),
    template: join(server.folder, 'template'),
  });
  // The primary first: the standby then has all of its log.
  for (const server of both) await server.kill('SIGINT');
  for (const {data, template} of both.map(parts)) await copyFolder(data, template);
  const hosts = both.map(({port}) => `127.0.0.1:${port}`).join(',');
  return {
    make: async () => {
      for (const server of both) {
        await server.kill();
        const {data, template} = parts(server);
        await copyFolder(template, data);
        await server.restart();
      }
      await untilStandbyIs(primary, 'async');
      await onServer(primary, ...tablesOf('"'));
      let current = primary;
      return {
        env: {PEEWEE_URL: `postgresql://tester:${encodeURIComponent(password)}@${hosts}/postgres`},
        maxRestores: 1,
        backup: async (random): Promise<Backup> => {
          const name = await makeStale(standby, random);
          return {
            name,
            restore: async () => {
              await crash(primary);
              await promote(standby);
              current = standby;
            },
          };
        },
        counters: () => readCounters(current, 'postgres'),
        remove: () => Promise.resolve(),
      };
    },
    close: async () => {
      for (const server of both) await server.remove();
    },
  };
}

/** Lets the standby stay behind from now on. @returns the way */
async function makeStale(standby: PrivateServer, random: Random): Promise<string> {
  // A promoted standby first replays all that it has received.
  const isPaused = random.percent(30);
  if (isPaused) await onServer(standby, 'SELECT pg_wal_replay_pause()');
  if (isPaused && random.percent(50)) return 'promoted standby, its replay paused';
  await onServer(standby, `ALTER SYSTEM SET primary_conninfo = ''`, 'SELECT pg_reload_conf()');
  return isPaused ? 'promoted standby, paused and disconnected' : 'promoted standby, disconnected';
}
