import {setTimeout as sleep} from 'node:timers/promises';
import {expect} from 'vitest';
import type {RunningServer} from '../programs/cli.js';
import {ask, keepAlive, rangeOf} from './http.js';
import type {Given} from '../ranges.js';

/** What clients have been answered so far. */
export interface Load {
  /** The ranges of each mode. */
  readonly given: ReadonlyMap<string, readonly Given[]>;
  /** Requests answered with 503. */
  readonly refused: number;
  /** When each server last answered with a range, on the clock of `performance.now()`. */
  readonly lastGiven: readonly number[];
  readonly finished: Promise<void>;
}

export interface LoadOptions {
  /** Each client asks for them in turn, and begins with another one. */
  readonly modes: readonly string[];
  readonly clientsAServer: number;
  /** Asked before each request. */
  readonly goOn: () => boolean;
}

/** Clients that ask all servers for small ranges; one that is refused tries again in a moment. */
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
  // Whoever waits for the end hears of it; until then it must not end the run.
  load.finished.catch(() => undefined);
  return load;
}

/** Waits until every server has answered with a range from now on; returns how long that took, in milliseconds. */
export async function untilGiven(load: Load): Promise<number> {
  const from = performance.now();
  while (load.lastGiven.some((last) => last < from)) await Promise.race([sleep(5), load.finished]);
  return Math.max(...load.lastGiven) - from;
}
