import {execFileSync} from 'node:child_process';
import {existsSync, readdirSync, statSync, writeFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {ask} from '../../../test/helpers/network/http.js';
import {everything, type Arena, type Fault} from '../arena.js';
import {revive} from './databases.js';

const hasPrlimit = (): boolean => existsSync('/usr/bin/prlimit');
const noPrlimit = (): string | undefined =>
  hasPrlimit() ? undefined : 'it needs prlimit (Debian package util-linux)';

/** Sets the soft limit of a running process. @returns a function that restores it */
function limit(pid: number, name: 'fsize' | 'nofile', value: number): () => void {
  const prlimit = (...args: string[]): string =>
    execFileSync('prlimit', [`--pid=${pid}`, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const before = prlimit(`--${name}`, '--output=SOFT', '--noheadings', '--raw').trim();
  prlimit(`--${name}=${value}:`);
  return () => {
    prlimit(`--${name}=${before}:`);
  };
}

/** Fills the disk under the database, restarts a database server there, and frees the disk. */
async function fillDisk({random, database, disk, deed, killed, wrong}: Arena): Promise<void> {
  if (disk === undefined) return;
  await deed({target: 'disk', mayLose: true}, async () => {
    disk.fill();
    for (let turn = 0; turn < 3; turn++) {
      // Needs space that the disk does not have, and may fail.
      await database.run(database.needSpace).catch(() => undefined);
      disk.fill();
      await sleep(random.between(50, 300));
    }
    const {server} = database;
    if (server?.process.isRunning() === true) {
      // A running server can still write to existing files; a starting one needs space.
      await server.process.kill();
      killed(1);
      const started = server.process.restart().catch(() => undefined);
      await sleep(1000);
      // MariaDB waits for space, one minute per attempt.
      await server.process.kill();
      await started;
    }
    disk.free();
    if (server === undefined) return;
    for (let waited = 0; ; waited += 100) {
      if (!server.process.isRunning()) await revive(server);
      const isBack = await database.run(['SELECT 1']).then(
        () => true,
        () => false,
      );
      if (isBack) return;
      if (waited > 30_000) {
        wrong('the database is not back after its disk was full');
        return;
      }
      await sleep(100);
    }
  });
}

/** Time for a server to show its new clock: its answers repeat one date for a second. */
const CLOCK_WITHIN_MS = 5000;

/** Checks by the date of an answer that the clock of some server has the offset. */
async function expectClock({servers, random, wrong}: Arena, offset: number): Promise<void> {
  const deadline = performance.now() + CLOCK_WITHIN_MS;
  let seen: number | undefined;
  while (performance.now() < deadline) {
    const {url} = random.pick(servers);
    const answer = await ask(url, '/', {signal: AbortSignal.timeout(1000)}).catch(() => undefined);
    if (answer?.status === 200) {
      seen = (Date.parse(answer.headers.date ?? '') - Date.now()) / 1000;
      if (Math.abs(seen - offset) < 60) return;
    }
    await sleep(50);
  }
  if (seen !== undefined) wrong(`a clock has the offset ${seen} s, not ${offset} s`);
}

/**
 * Faults of resources: space, files, time. A server that could not use its guard file drops the next range,
 * since it may have missed those of others.
 */
export const resourceFaults: readonly Fault[] = [
  {
    name: 'disk full',
    touches: everything,
    impossible: ({disk}) => (disk === undefined ? 'it needs root, to mount a small disk' : undefined),
    strike: fillDisk,
  },
  {
    name: 'disk read-only',
    touches: everything,
    applies: ({database}) => database.path !== undefined,
    impossible: ({disk}) => (disk === undefined ? 'it needs root, to mount a small disk' : undefined),
    strike: async ({servers, disk, deed, killed, probe, modes: [mode = ''], wrong}: Arena): Promise<void> => {
      await deed({target: 'all servers', mayLose: true}, async () => {
        await Promise.all(servers.map(({process}) => process.kill()));
        killed(servers.length);
        disk?.setReadOnly(true);
        // They may start and reject requests, or fail to start, but must not answer.
        const starts = servers.map(({process}) => process.start());
        await sleep(700);
        for (const server of servers)
          if ((await probe(server, mode)).is === 'answered')
            wrong(`${server.process.name} answered from a read-only disk`);
        disk?.setReadOnly(false);
        await Promise.all(starts);
      });
    },
  },
  {
    name: 'file size limit',
    touches: ['server', 'files'],
    applies: ({database}) => database.path !== undefined,
    impossible: noPrlimit,
    strike: async ({random, servers, database: {path = '', run, needSpace}, deed}: Arena): Promise<void> => {
      const pids = servers.flatMap(({process}) => process.pid ?? []);
      await deed({target: 'all servers', mayLose: true}, async () => {
        const size = statSync(`${path}-wal`, {throwIfNoEntry: false})?.size ?? 0;
        const lifts = pids.map((pid) => limit(pid, 'fsize', size + random.between(0, 20_000)));
        await run(needSpace).catch(() => undefined);
        await sleep(random.between(100, 500));
        for (const lift of lifts) lift();
      });
    },
  },
  {
    name: 'too many open files',
    // A server that cannot open files cannot read its clock either.
    touches: ['server', 'files', 'client network', 'database network', 'clock'],
    impossible: noPrlimit,
    strike: async ({random, servers, database: {server: database}, deed}: Arena): Promise<void> => {
      const {process, proxy} = random.pick(servers);
      const {pid} = process;
      if (pid === undefined) return;
      await deed({target: process.name, mayLose: true}, async () => {
        // It keeps its open files and gets no further one. All connections are cut, and none can be made.
        const before = readdirSync(`/proc/${pid}/fd`).length;
        const lift = limit(pid, 'nofile', Math.max(8, Math.floor(before / 2)));
        proxy.cut();
        database?.proxy.cut();
        await sleep(random.between(200, 1000));
        lift();
      });
    },
  },
  {
    name: 'clock set back',
    touches: ['clock'],
    impossible: ({clock}) =>
      clock === undefined ? 'it needs libfaketime (Debian package faketime)' : undefined,
    strike: async (arena: Arena): Promise<void> => {
      const {random, clock = '', deed} = arena;
      await deed({target: 'all servers'}, async () => {
        for (const offset of [-random.between(3600, 86_400), 0]) {
          writeFileSync(clock, `${offset < 0 ? '' : '+'}${offset}\n`);
          await expectClock(arena, offset);
        }
      });
    },
  },
];
