import {setTimeout as sleep} from 'node:timers/promises';
import type {Arena, Fault} from '../arena.js';

/** Faults of the servers' processes. */
export const serverFaults: readonly Fault[] = [
  {
    name: 'server killed',
    kills: true,
    touches: ['server'],
    strike: async ({random, servers, deed, killed}: Arena): Promise<void> => {
      const {process} = random.pick(servers);
      await deed({target: process.name}, () => process.kill());
      killed(1);
      await sleep(random.between(0, 200));
      await process.start();
    },
  },
  {
    name: 'all servers killed',
    kills: true,
    touches: ['server'],
    strike: async ({servers, deed, killed}: Arena): Promise<void> => {
      await deed({target: 'all servers'}, async () => {
        await Promise.all(servers.map(({process}) => process.kill()));
      });
      killed(servers.length);
      await Promise.all(servers.map(({process}) => process.start()));
    },
  },
  {
    name: 'server stopped and continued',
    touches: ['server'],
    strike: async ({random, servers, database, deed}: Arena): Promise<void> => {
      const {process} = random.pick(servers);
      // Sometimes longer than it waits for the database: it then drops an answer that has long arrived. It
      // also drops a range if others have rewritten the guard file twice.
      const mayLose = database.server !== undefined || servers.length > 1;
      await deed({target: process.name, mayLose}, async () => {
        process.signal('SIGSTOP');
        await sleep(random.between(50, 2500));
        process.signal('SIGCONT');
        // Time to process the events that it missed.
        await sleep(50);
      });
    },
  },
  {
    name: 'server stopped, then killed',
    kills: true,
    touches: ['server'],
    strike: async ({random, servers, deed, killed}: Arena): Promise<void> => {
      const {process} = random.pick(servers);
      await deed({target: process.name}, async () => {
        process.signal('SIGSTOP');
        await sleep(random.between(10, 500));
        await process.kill();
      });
      killed(1);
      await process.start();
    },
  },
  {
    name: 'server ended as asked',
    touches: ['server'],
    strike: async ({random, servers, deed, wrong}: Arena): Promise<void> => {
      const {process} = random.pick(servers);
      await deed({target: process.name}, async () => {
        const status = await process.end();
        if (status !== 0) wrong(`${process.name} ended with ${status} on SIGTERM`);
      });
      await process.start();
    },
  },
];
