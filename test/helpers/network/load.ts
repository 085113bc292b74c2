import {setTimeout as sleep} from 'node:timers/promises';
import {expect} from 'vitest';
import type {RunningServer} from '../programs/cli.js';
import {ask, keepAlive, rangeOf} from './http.js';
import type {Given} from '../ranges.js';

/** The answers to the clients so far. */
export interface Load {
  /** The answered ranges per mode. */
  readonly given: ReadonlyMap<string, readonly Given[]>;
  /** Requests answered with 503. */
  readonly refused: number;
  /** When each server last answered with a range, on the clock of `performance.now()`. */
  readonly lastGiven: readonly number[];
  readonly finished: Promise<void>;
}

export interface LoadOptions {
  /** Each client requests them in turn, starting with a different one. */
  readonly modes: readonly string[];
  readonly clientsAServer: number;
  /** Called before each request; false ends the client. */
  readonly goOn: () => boolean;
}

/** Starts clients that request small ranges from all servers, and retry after a 503. */
export function startLoad(
  servers: readonly RunningServer[],
  {modes, clientsAServer, goOn}: LoadOptions,
): Load {
  const given = new Map(modes.map((mode) => [mode, [] as Given[]]));
  const agent = keepAlive(servers.length * clientsAServer);
  const lastGiven = servers.map(() => 0);
  const load: {-readonly [Key in keyof Load]: Load[Key]} = {
    given,
    refused: 0,
    lastGiven,
    finished: Promise.resolve(),
  };
  const client = async (server: RunningServer, index: number, first: number): Promise<void> => {
    for (let turn = first; goOn(); turn++) {
      const mode = modes[turn % modes.length] ?? '';
      const answer = await ask(server.url, `/getid?range=${1 + (turn % 7)}&mode=${mode}`, {agent});
      if (answer.status === 503) {
        load.refused++;
        expect(answer.headers['retry-after']).toBe('1');
        await sleep(20);
        continue;
      }
      given.get(mode)?.push(rangeOf(answer));
      lastGiven[index] = performance.now();
    }
  };
  const clients = servers.flatMap((server, index) =>
    Array.from({length: clientsAServer}, (_, first) => client(server, index, first)),
  );
  load.finished = Promise.all(clients).then(() => {
    agent.destroy();
  });
  // An unhandled rejection must not end the run before the test awaits `finished`.
  load.finished.catch(() => undefined);
  return load;
}

/** Waits until every server has answered with a new range, and returns the milliseconds until then. */
export async function untilGiven(load: Load): Promise<number> {
  const from = performance.now();
  while (load.lastGiven.some((last) => last < from)) await Promise.race([sleep(5), load.finished]);
  return Math.max(...load.lastGiven) - from;
}
