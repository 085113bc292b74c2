import {setTimeout as sleep} from 'node:timers/promises';
import type {ServeProcess} from '../torture/serve-process.js';

/** The treatment of a server around a restore. */
export interface Treatment {
  readonly name: string;
  readonly before: (server: ServeProcess) => Promise<unknown>;
  readonly after: (server: ServeProcess) => Promise<unknown>;
}

const nothing = (): Promise<void> => Promise.resolve();

export const treatments: readonly Treatment[] = [
  {name: 'stopped', before: (server) => server.end(), after: (server) => server.start()},
  {name: 'killed', before: (server) => server.kill(), after: (server) => server.start()},
  {name: 'running', before: nothing, after: nothing},
];

/** Only in a mix. */
export const restartedLater: Treatment = {
  name: 'restarted later',
  before: nothing,
  after: async (server) => {
    await sleep(100);
    await server.kill();
    await server.start();
  },
};
