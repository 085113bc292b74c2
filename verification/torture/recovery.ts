import {setTimeout as sleep} from 'node:timers/promises';
import type {Arena} from './arena.js';

/** Time for one server to answer for one mode: covers time limits and restarts, on a slow machine. */
const RECOVER_WITHIN_MS = 30_000;

/**
 * Waits until every server answers for a random mode, or for each of `modes`.
 *
 * @returns the time until all have answered, in ms; `undefined` if one is too late
 */
export async function recovered(
  {servers, probe, random, modes: all}: Arena,
  modes?: readonly string[],
): Promise<number | undefined> {
  const since = performance.now();
  for (const server of servers)
    for (const mode of modes ?? [random.pick(all)]) {
      const asked = performance.now();
      while ((await probe(server, mode)).is !== 'answered') {
        if (performance.now() - asked > RECOVER_WITHIN_MS) return undefined;
        await sleep(20);
      }
    }
  return performance.now() - since;
}
