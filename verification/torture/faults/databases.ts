import {setTimeout as sleep} from 'node:timers/promises';
import type {Arena, Fault} from '../arena.js';
import type {DatabaseServer, Ending} from '../databases/database.js';

/** Time for a database to be available again. */
const BACK_WITHIN_MS = 60_000;

/** Returns true if a process exists. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const hasServer = ({database}: Arena): boolean => database.server !== undefined;

/** Restarts a database; remains of a killed process may block the start for a moment. */
export async function revive({process}: DatabaseServer): Promise<void> {
  const deadline = performance.now() + BACK_WITHIN_MS;
  for (;;) {
    try {
      await process.restart();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await process.kill();
      await sleep(200);
    }
  }
}

/** Ends the database in one way and restarts it, sometimes only after requests have given up. */
function ended(ending: (server: DatabaseServer) => Ending, isKill: boolean): Fault['strike'] {
  return async ({random, database: {server}, deed, killed}) => {
    if (server === undefined) return;
    const {name, signal} = ending(server);
    await deed({target: `database ${name}`, mayLose: true}, async () => {
      await server.process.kill(signal);
      await sleep(random.pick([0, 0, 100, 300, 2500]));
    });
    if (isKill) killed(1);
    await revive(server);
  };
}

/** Faults of database servers. */
export const databaseFaults: readonly Fault[] = [
  {
    name: 'database killed',
    kills: true,
    touches: ['database'],
    applies: hasServer,
    strike: ended(({kill}) => kill, true),
  },
  {
    name: 'database stopped immediately',
    kills: true,
    touches: ['database'],
    applies: hasServer,
    strike: ended(({stopAtOnce}) => stopAtOnce, true),
  },
  {
    name: 'database restarted',
    touches: ['database'],
    applies: hasServer,
    strike: ended(({shutDown}) => shutDown, false),
  },
  {
    name: 'process of one connection killed',
    kills: true,
    touches: ['database', 'database network'],
    applies: ({database}) => database.kind === 'postgresql',
    // PostgreSQL then regards its shared memory as corrupt, cuts every connection and recovers by itself.
    strike: async ({random, database: {server}, deed, killed}: Arena): Promise<void> => {
      const pids = (await server?.backends()) ?? [];
      if (pids.length === 0) return;
      await deed({target: 'database', mayLose: true}, async () => {
        try {
          process.kill(random.pick(pids), 'SIGKILL');
          killed(1);
        } catch {
          // The process has ended.
          return;
        }
        // The others commit on until PostgreSQL has cut them too.
        for (let waited = 0; waited < 30_000 && pids.some(isRunning); waited += 10) await sleep(10);
      });
    },
  },
  {
    name: 'database read-only',
    touches: ['database', 'database network'],
    applies: hasServer,
    strike: async ({random, database: {server}, deed}: Arena): Promise<void> => {
      await deed({target: 'database'}, async () => {
        await server?.setReadOnly(true);
        // Sometimes for longer than a request waits.
        await sleep(random.pick([200, 500, 2500]));
        await server?.setReadOnly(false);
      });
    },
  },
];
