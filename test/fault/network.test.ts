import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, inject, it, onTestFinished} from 'vitest';
import {cli, startServer, type RunningServer} from '../helpers/cli.js';
import {ask, keepAlive, rangeOf} from '../helpers/http.js';
import {makeMysqlDatabase} from '../helpers/mysql-database.js';
import {makePostgresDatabase} from '../helpers/postgres-database.js';
import {startMariadb, startPostgres} from '../helpers/private-server.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {makeWorkspace} from '../helpers/workspace.js';

/** A long run raises these; the figures stand in the notes of the release. */
const ALLOCATIONS = Number(process.env['UNIQUEID_TEST_ALLOCATIONS'] ?? 8000);
const KILLS = Number(process.env['UNIQUEID_TEST_KILLS'] ?? 3);

const SERVERS = 4;
const CLIENTS_A_SERVER = 16;
const modes = ['file', 'upload_job', 'transaction'];

const kinds = [
  {name: 'PostgreSQL', url: inject('postgresUrl'), make: makePostgresDatabase, start: startPostgres},
  {name: 'MariaDB', url: inject('mysqlUrl'), make: makeMysqlDatabase, start: startMariadb},
] as const;

async function startFleet(url: string, env: Record<string, string> = {}): Promise<RunningServer[]> {
  const cwd = makeWorkspace();
  const all = {PEEWEE_URL: url, ...env};
  expect((await cli(['dbsync'], {cwd, env: all})).status).toBe(0);
  return Promise.all(Array.from({length: SERVERS}, () => startServer([], {cwd, env: all})));
}

interface Load {
  readonly given: ReadonlyMap<string, Given[]>;
  /** Requests answered with 503. */
  refused: number;
  /** When the last answer with a range came, on the clock of `performance.now()`. */
  lastGiven: number;
  readonly finished: Promise<void>;
}

/** Clients that ask all servers, mode after mode, as long as `goOn` says so. */
function startLoad(servers: readonly RunningServer[], goOn: () => boolean): Load {
  const given = new Map(modes.map((mode) => [mode, [] as Given[]]));
  const agent = keepAlive(SERVERS * CLIENTS_A_SERVER);
  const load: {-readonly [Key in keyof Load]: Load[Key]} = {
    given,
    refused: 0,
    lastGiven: 0,
    finished: Promise.resolve(),
  };
  const client = async (server: RunningServer): Promise<void> => {
    for (let turn = 0; goOn(); turn++) {
      const mode = modes[turn % modes.length] ?? '';
      const answer = await ask(server.url, `/getid?range=${1 + (turn % 7)}&mode=${mode}`, {agent});
      if (answer.status === 503) {
        load.refused++;
        expect(answer.headers['retry-after']).toBe('1');
        await sleep(20);
        continue;
      }
      given.get(mode)?.push(rangeOf(answer));
      load.lastGiven = performance.now();
    }
  };
  const clients = servers.flatMap((server) => Array.from({length: CLIENTS_A_SERVER}, () => client(server)));
  load.finished = Promise.all(clients).then(() => {
    agent.destroy();
  });
  // Whoever waits for the end hears of it; until then it must not end the run.
  load.finished.catch(() => undefined);
  return load;
}

describe.each(kinds)('4 servers on one $name', ({url, make, start}) => {
  describe.skipIf(url === '')('on a real server', () => {
    it('never give an integer twice, and leave no gap', async () => {
      const database = await make();
      const servers = await startFleet(database.url);
      let started = 0;
      const load = startLoad(servers, () => started++ < ALLOCATIONS);
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

    it('give no integer twice while the database is killed under them, and go on by themselves', async () => {
      const database = await start();
      onTestFinished(() => database.remove());
      const name = database.url.startsWith('mysql') ? 'mysql' : 'postgres';
      const servers = await startFleet(`${database.url}/${name}`, {UNIQUEID_REQUEST_TIMEOUT: '2'});
      let goOn = true;
      const load = startLoad(servers, () => goOn);
      const recoveries: number[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(300 + Math.random() * 300);
        await database.kill();
        // Sometimes away for longer than a request waits.
        await sleep(kill % 3 === 2 ? 2500 : Math.random() * 300);
        await database.restart();
        const back = performance.now();
        while (load.lastGiven < back) await Promise.race([sleep(5), load.finished]);
        recoveries.push(load.lastGiven - back);
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
      // What is promised is a second; ten find a server that does not come back at all on a slow machine.
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
