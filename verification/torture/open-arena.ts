import {appendFileSync, chmodSync, existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {freePort} from '../../test/helpers/databases/private-server.js';
import {makeGuardedFolder} from '../../test/helpers/folders/guarded-folder.js';
import {now, type EventLine} from '../history/line.js';
import {writeEvents} from '../history/write.js';
import type {Arena, CommandEnd, Deed, TorturedServer} from './arena.js';
import {Asker} from './asker.js';
import {startClients, type Clients} from './clients.js';
import {runCommand} from './command.js';
import {readCounters, type Kind, type TortureDatabase} from './databases/database.js';
import {makeMariadbDatabase} from './databases/mariadb.js';
import {makePostgresqlDatabase} from './databases/postgresql.js';
import {makeSqliteDatabase} from './databases/sqlite.js';
import {canMount, mountSmallDisk} from '../../test/helpers/folders/small-disk.js';
import {startProxy} from './proxy.js';
import type {Random} from '../../test/helpers/random.js';
import {logOf, ServeProcess} from './serve-process.js';

/** The subject of a torture. */
export interface Setting {
  readonly kind: Kind;
  readonly servers: number;
  readonly seed: number;
  readonly random: Random;
  /** The folder of the histories and the logs. */
  readonly folder: string;
  /** True puts the database on a small disk that can be filled; false puts it into the temporary folder. */
  readonly smallDisk: boolean;
}

/** An arena in which everything runs. */
export interface OpenArena {
  readonly arena: Arena;
  /** Runs a fault whose acts are recorded under its name. */
  readonly naming: (fault: string, work: (arena: Arena) => Promise<void>) => Promise<void>;
  readonly kills: () => number;
  readonly wrong: readonly string[];
  /** Ends the clients, records the counters, and ends the servers and the database. */
  readonly close: () => Promise<void>;
}

/** Enough modes and clients that the commits of one server hold many modes. */
const MODES = [
  'file',
  'upload_job',
  'transaction',
  ...Array.from({length: 21}, (_, index) => `instrument ${index + 1}`),
];
const CLIENT_PROCESSES = 2;
const CLIENTS_A_PROCESS = 16;

/** Time that a server lets a request wait: short, so that requests time out too. */
const REQUEST_TIMEOUT_S = 2;

/**
 * Time after its client is gone in which a server may take the integers of a request. A server waits for the
 * database as long as for the request, and its last statement may still be executed.
 */
const PATIENCE_MS = 2 * REQUEST_TIMEOUT_S * 1000;

/** Sizes of the small disks. */
const DISK_MB: Readonly<Record<Kind, number>> = {sqlite: 96, postgresql: 160, mariadb: 200};

const libfaketime = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
].find((path) => existsSync(path));

/** @throws Error if something does not start; then nothing is left running */
export async function openArena(setting: Setting): Promise<OpenArena> {
  const closers: (() => Promise<void> | void)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    return await open(setting, closers, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function open(
  {kind, servers: count, seed, random, folder, smallDisk}: Setting,
  closers: (() => Promise<void> | void)[],
  closeAll: () => Promise<void>,
): Promise<OpenArena> {
  const work = makeGuardedFolder('torture');
  closers.push(() => work.remove());
  chmodSync(work.path, 0o755);

  const disk = smallDisk && canMount() ? mountSmallDisk(join(work.path, 'disk'), DISK_MB[kind]) : undefined;
  if (disk !== undefined) closers.push(disk.unmount);
  const database = await makeDatabase(kind, disk?.path ?? work.path, random);
  closers.push(() => database.remove());

  const clock = libfaketime === undefined ? undefined : join(work.path, 'clock');
  if (clock !== undefined) writeFileSync(clock, '+0\n');
  const env = {
    ...database.env,
    STATE_DIRECTORY: join(work.path, 'state'),
    UNIQUEID_REQUEST_TIMEOUT: String(REQUEST_TIMEOUT_S),
    DATABASE_CONNECT_ATTEMPTS: '100',
    DATABASE_CONNECT_WAIT: '0.1',
  };
  const commands = logOf(folder, 'commands');
  const command = async (...args: readonly string[]): Promise<CommandEnd> => {
    const ended = await runCommand(args, work.path, env);
    appendFileSync(commands, `${now()} ${args.join(' ')}: ${ended.status}\n${ended.stdout}${ended.stderr}`);
    return ended;
  };

  // Even the first schema is created by two commands at the same time.
  for (const {status, stderr} of await Promise.all([command('dbsync'), command('dbsync')]))
    if (status !== 0) throw new Error(`dbsync ended with ${status}: ${stderr}`);

  const servers: TorturedServer[] = [];
  let clients: Clients[] = [];
  // If the torture is killed, the guard kills these processes.
  const watch = (): void => {
    work.watch(...servers.map(({process}) => process.pid), ...clients.map(({pid}) => pid));
  };
  for (let number = 1; number <= count; number++) {
    const name = `server ${number}`;
    const port = await freePort();
    const process = new ServeProcess({
      name,
      port,
      cwd: work.path,
      log: logOf(folder, name),
      env: clock === undefined ? env : {...env, ...fakeTime(clock)},
      onChange: watch,
    });
    const proxy = await startProxy(port, {unreachable: BAD_GATEWAY});
    closers.push(() => proxy.close());
    closers.push(() => process.kill());
    servers.push({process, proxy, url: `http://127.0.0.1:${proxy.port}`});
  }
  await Promise.all(servers.map(({process}) => process.start()));

  const events = writeEvents(folder);
  closers.push(() => {
    events.close();
  });
  const append = (event: EventLine): void => {
    events.append(event);
  };
  append({event: 'began', firstIndex: 0n, patienceMs: PATIENCE_MS, begun: now(), ended: now()});

  const wrong: string[] = [];
  let kills = 0;
  const prober = new Asker(folder, 'prober');
  closers.push(() => {
    prober.close();
  });

  let generation = 0;
  const startSome = (): Clients => {
    const number = ++generation;
    const names = Array.from({length: CLIENTS_A_PROCESS}, (_, index) => `${number}-${index + 1}`);
    const urls = servers.map(({url}) => url);
    return startClients({folder, names, servers: urls, modes: MODES, seed: seed * 1000 + number});
  };
  clients = Array.from({length: CLIENT_PROCESSES}, startSome);
  closers.push(async () => {
    await Promise.all(clients.map(({kill}) => kill()));
  });
  watch();

  const asked = new Mutex();
  const arenaFor = (fault: string): Arena => {
    const deed = async (
      {target, mayLose = false, client}: Deed,
      todo: () => Promise<void> | void,
    ): Promise<void> => {
      const begun = now();
      try {
        await todo();
      } finally {
        const named = client === undefined ? {} : {client};
        append({event: 'fault', fault, target, mayLose, ...named, begun, ended: now()});
      }
    };
    return {
      random,
      modes: MODES,
      servers,
      database,
      disk,
      clock,
      command,
      deed,
      killed: (more) => {
        kills += more;
      },
      wrong: (what) => {
        wrong.push(`${fault}: ${what}`);
      },
      // The arena's client sends one request at a time.
      probe: ({url}, mode, range = 1n) => asked.run(() => prober.ask(url, mode, range)),
      reset: async (mode, from, to, todo) => {
        const begun = now();
        try {
          await todo();
        } finally {
          append({event: 'reset', mode, from, to, begun, ended: now()});
        }
      },
      replaceClients: async () => {
        const [killed, ...others] = random.shuffled(clients);
        if (killed === undefined) return;
        const begun = now();
        await killed.kill();
        for (const client of killed.names)
          append({
            event: 'fault',
            fault,
            target: `client ${client}`,
            client,
            mayLose: true,
            begun,
            ended: now(),
          });
        clients = [...others, startSome()];
        watch();
      },
    };
  };

  return {
    arena: arenaFor('run'),
    naming: async (fault, strike) => {
      await strike(arenaFor(fault));
    },
    kills: () => kills,
    wrong,
    close: async () => {
      try {
        for (const report of await Promise.all(clients.map(({stop}) => stop())))
          for (const answer of report.wrong) wrong.push(`wrong answer to client ${answer}`);
        clients = [];
        // A server completes its work for requests of gone clients before it ends.
        for (const {process} of servers) {
          const status = await process.end();
          if (status !== 0) wrong.push(`${process.name} ended with ${status} on SIGTERM`);
        }
        append({event: 'counters', counters: await readCounters(database), begun: now(), ended: now()});
        for (const {process} of servers) wrong.push(...process.crashes);
      } finally {
        await closeAll();
      }
    },
  };
}

function makeDatabase(kind: Kind, folder: string, random: Random): Promise<TortureDatabase> {
  switch (kind) {
    case 'sqlite': {
      const own = join(folder, 'sqlite');
      mkdirSync(own);
      return Promise.resolve(makeSqliteDatabase(own, random));
    }
    case 'postgresql':
      return makePostgresqlDatabase(folder);
    case 'mariadb':
      return makeMariadbDatabase(folder);
  }
}

/** The answer if no server can be reached: the client then knows that no server got its request. */
const BAD_GATEWAY = 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** Makes a process read the offset of its clock from a file at each query, except for the monotonic one. */
function fakeTime(file: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: libfaketime ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** Runs one piece of work at a time, in order. */
class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
