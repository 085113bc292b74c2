import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {cli, startServer, type RunningServer} from '../helpers/programs/cli.js';
import {startLoad, untilGiven} from '../helpers/network/load.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {needs} from '../helpers/run/needs.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {startMariadb, startPostgres} from '../helpers/databases/private-server.js';
import {flaws} from '../helpers/ranges.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

/** A long run raises these; the notes of the release show its figures. */
const ALLOCATIONS = Number(process.env['UNIQUEID_TEST_ALLOCATIONS'] ?? 8000);
const KILLS = Number(process.env['UNIQUEID_TEST_KILLS'] ?? 3);

const SERVERS = 4;
const CLIENTS_A_SERVER = 16;
const modes = ['file', 'upload_job', 'transaction'];

const kinds = [
  {name: 'PostgreSQL', need: 'postgresql', make: makePostgresDatabase, start: startPostgres},
  {name: 'MariaDB', need: 'mariadb', make: makeMysqlDatabase, start: startMariadb},
] as const;

async function startFleet(url: string, env: Record<string, string> = {}): Promise<RunningServer[]> {
  const cwd = makeWorkspace();
  const all = {PEEWEE_URL: url, ...env};
  expect((await cli(['dbsync'], {cwd, env: all})).status).toBe(0);
  return Promise.all(Array.from({length: SERVERS}, () => startServer([], {cwd, env: all})));
}

describe.each(kinds)('4 servers on one $name', ({need, make, start}) => {
  needs(need).describe('on a real server', () => {
    it('issue no integer twice, and leave no gap', async () => {
      const database = await make();
      const servers = await startFleet(database.url);
      let started = 0;
      const load = startLoad(servers, {
        modes,
        clientsAServer: CLIENTS_A_SERVER,
        goOn: () => started++ < ALLOCATIONS,
      });
      await load.finished;
      expect(load.refused).toBe(0);
      let total = 0;
      for (const mode of modes) {
        const {next, ...rest} = flaws(load.given.get(mode) ?? []);
        expect(rest).toEqual({overlaps: [], gaps: []});
        const store = await database.open();
        expect(await store.counter(mode)).toEqual({mode, next});
        total += load.given.get(mode)?.length ?? 0;
      }
      expect(total).toBe(ALLOCATIONS);
    }, 600_000);

    it('issue no integer twice while the database is killed repeatedly, and resume by themselves', async () => {
      const database = await start();
      onTestFinished(() => database.remove());
      const name = database.url.startsWith('mysql') ? 'mysql' : 'postgres';
      const servers = await startFleet(`${database.url}/${name}`, {UNIQUEID_REQUEST_TIMEOUT: '2'});
      let goOn = true;
      const load = startLoad(servers, {modes, clientsAServer: CLIENTS_A_SERVER, goOn: () => goOn});
      const recoveries: number[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(300 + Math.random() * 300);
        await database.kill();
        // Every third outage is longer than the time limit of a request.
        await sleep(kill % 3 === 2 ? 2500 : Math.random() * 300);
        await database.restart();
        recoveries.push(await untilGiven(load));
      }
      await sleep(300);
      goOn = false;
      await load.finished;
      for (const mode of modes) {
        const given = load.given.get(mode) ?? [];
        expect(given.length).toBeGreaterThan(KILLS);
        expect(flaws(given).overlaps).toEqual([]);
      }
      if (KILLS >= 3) expect(load.refused).toBeGreaterThan(0);
      // The goal is one second; ten detect a server that never recovers, also on a slow machine.
      expect(Math.max(...recoveries)).toBeLessThan(10_000);
      if (process.env['UNIQUEID_TEST_KILLS'] !== undefined) {
        const sorted = recoveries.sort((a, b) => a - b).map(Math.round);
        process.stdout.write(
          `${KILLS} kills: service back after ${sorted[Math.floor(KILLS / 2)]} ms (median), ${sorted.at(-1)} ms (most)\n`,
        );
      }
    }, 600_000);
  });
});
