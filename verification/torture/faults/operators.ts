import {setTimeout as sleep} from 'node:timers/promises';
import {everything, type Arena, type CommandEnd, type Fault} from '../arena.js';
import {readCounters} from '../databases/database.js';
import {recovered} from '../recovery.js';

/** The largest move of a counter. */
const MAX_FORWARD = 1_000_000_000;

/**
 * Restores an older backup while each server is left running, or stopped or killed and started again. The
 * servers then raise the counters by themselves.
 */
async function restoreBackup(arena: Arena, treatments: readonly Treatment[]): Promise<void> {
  const {random, servers, database, deed, killed, modes, wrong} = arena;
  const restore = await database.backup();
  await sleep(random.between(0, 300));
  // The raise may skip integers that were committed for requests without an answer.
  await deed({target: 'database', mayLose: true}, async () => {
    const plan = servers.map(({process}) => ({process, treatment: random.pick(treatments)}));
    const ended = plan.filter(({treatment}) => treatment !== 'running');
    await Promise.all(
      ended.map(({process, treatment}) => (treatment === 'killed' ? process.kill() : process.end())),
    );
    killed(ended.filter(({treatment}) => treatment === 'killed').length);
    await restore();
    await Promise.all(ended.map(({process}) => process.start()));
    // Until then, a server may drop a range that another one has noted, or raise a counter past one.
    if ((await recovered(arena, modes)) === undefined) wrong('not all servers answer for all modes');
  });
}

type Treatment = 'running' | 'stopped' | 'killed';

/**
 * Resets a mode. A server that is stopped for a moment may hold the lock of an SQLite file. The command then
 * fails without a change, and is repeated.
 */
async function resetMode(
  {command, database}: Arena,
  mode: string,
  ...target: readonly string[]
): Promise<CommandEnd> {
  for (let turn = 1; ; turn++) {
    const end = await command('reset', '-m', mode, ...target, '--yes', '--json');
    const isLocked = database.path !== undefined && end.stdout.includes('"code": "DATABASE_BUSY"');
    if (!isLocked || turn === 20) return end;
  }
}

/** Acts of operators, right and wrong. */
export const operatorFaults: readonly Fault[] = [
  {
    name: 'older backup restored',
    touches: everything,
    strike: (arena) => restoreBackup(arena, ['running']),
  },
  {
    name: 'older backup restored, servers restarted',
    kills: true,
    touches: everything,
    strike: (arena) => restoreBackup(arena, ['running', 'stopped', 'killed', 'killed']),
  },
  {
    name: 'two dbsync together',
    touches: ['operator', 'database', 'database network'],
    strike: async ({random, database, deed, command, wrong}: Arena): Promise<void> => {
      await deed({target: 'database'}, async () => {
        // Without its version the database counts as schema 0.0, which both upgrade.
        if (random.between(0, 2) > 0) await database.run(['DROP TABLE uniqueindexsystem']);
        const ends = await Promise.all([command('dbsync'), command('dbsync')]);
        for (const {status, stderr} of ends)
          if (status !== 0) wrong(`one of two dbsync ended with ${status}: ${stderr}`);
        const {status} = await command('dbsync', '--check', '--equal');
        if (status !== 0) wrong(`after two dbsync the schema is not in order: ${status}`);
      });
    },
  },
  {
    name: 'reset forwards',
    touches: ['operator', 'database', 'database network'],
    strike: async (arena: Arena): Promise<void> => {
      const {random, modes, database, reset, wrong} = arena;
      // A restored backup may be older than a mode.
      const counters = [...(await readCounters(database))].filter(([mode]) => modes.includes(mode));
      if (counters.length === 0) return;
      const [mode, from] = random.pick(counters);
      const to = from + BigInt(random.between(1_000_000, MAX_FORWARD));
      await reset(mode, from, to, async () => {
        const {status, stdout} = await resetMode(arena, mode, '--to', String(to));
        if (status !== 0) wrong(`reset forwards ended with ${status}: ${stdout}`);
      });
    },
  },
  {
    name: 'clients killed',
    touches: ['clients'],
    strike: ({replaceClients}) => replaceClients(),
  },
];
