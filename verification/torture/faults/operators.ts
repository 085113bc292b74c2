import {setTimeout as sleep} from 'node:timers/promises';
import {everything, type Arena, type CommandEnd, type Fault, type TorturedServer} from '../arena.js';
import {readCounters} from '../databases/database.js';

/** The largest move of a counter. */
const MAX_FORWARD = 1_000_000_000;

/** Sends requests until a server answers, or advises a reset; returns the advised value. */
async function advice(arena: Arena, server: TorturedServer, mode: string): Promise<bigint | undefined> {
  for (let turn = 0; turn < 200; turn++) {
    const outcome = await arena.probe(server, mode);
    if (outcome.is === 'answered') return undefined;
    const advised = outcome.is === 'lost' ? / --at-least (\d+)/.exec(outcome.why)?.[1] : undefined;
    if (advised !== undefined) return BigInt(advised);
    await sleep(50);
  }
  arena.wrong(`${server.process.name} neither answers nor reports that ${mode} went backwards`);
  return undefined;
}

/**
 * Count of integers that each server issues after a backup: more than all clients together can request at one
 * time. A server that finds a regressed counter may have moved it on by the requested count already.
 */
const FAR = 100_000n;

/** Makes every server issue from every mode, so that each has a high-water mark for all of them. */
async function takeEverywhere({servers, modes, probe, wrong}: Arena): Promise<void> {
  for (const server of servers) {
    for (const mode of modes) {
      let turn = 0;
      while ((await probe(server, mode, FAR)).is !== 'answered') {
        if (++turn > 200) {
          wrong(`${server.process.name} does not answer`);
          return;
        }
        await sleep(50);
      }
    }
  }
}

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
    strike: async (arena: Arena): Promise<void> => {
      const {random, servers, modes, database, deed, wrong} = arena;
      const restore = await database.backup();
      await takeEverywhere(arena);
      await sleep(random.between(0, 200));
      await deed({target: 'database'}, async () => {
        await restore();
        for (const mode of modes) {
          const advised: bigint[] = [];
          for (const server of servers) {
            const to = await advice(arena, server, mode);
            if (to === undefined) wrong(`${server.process.name} allocated ${mode} from an older backup`);
            else advised.push(to);
          }
          const highest = advised.reduce((most, to) => (to > most ? to : most), 0n);
          const {status, stdout} = await resetMode(arena, mode, '--at-least', String(highest));
          if (status !== 0) wrong(`reset after a restore ended with ${status}: ${stdout}`);
        }
      });
    },
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
      const mode = random.pick(modes);
      const from = (await readCounters(database)).get(mode) ?? 0n;
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
