import {afterAll, beforeAll, onTestFinished} from 'vitest';

type Cleanup = () => unknown;

/** Cleanups of the `shared` that runs now; `undefined` outside one. */
let collected: Cleanup[] | undefined;

/**
 * Makes something once for all tests of the surrounding suite. Helpers that end their processes and folders
 * with the test end them with the suite here.
 *
 * @param limitMs time limit of `make`, and of all cleanups; by default that of hooks
 * @returns a function that tests call for the value
 */
export function shared<T>(make: () => Promise<T>, limitMs?: number): () => T {
  let value: {readonly made: T} | undefined;
  const cleanups: Cleanup[] = [];
  beforeAll(async () => {
    collected = cleanups;
    try {
      value = {made: await make()};
    } finally {
      collected = undefined;
    }
  }, limitMs);
  // Runs even if `make` fails or takes too long.
  afterAll(async () => {
    collected = undefined;
    for (const cleanup of cleanups.reverse()) await cleanup();
  }, limitMs);
  return () => {
    if (value === undefined) throw new Error('A shared value exists only while tests run.');
    return value.made;
  };
}

/** Runs a cleanup when the current test ends, or inside `shared` when the suite ends. */
export function atEnd(cleanup: Cleanup): void {
  if (collected !== undefined) collected.push(cleanup);
  else {
    onTestFinished(async () => {
      await cleanup();
    });
  }
}
