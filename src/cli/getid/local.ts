import {Allocator} from '../../lib/allocation/allocator.js';
import {marksFileOf} from '../../lib/allocation/memory/open.js';
import type {IdRange} from '../../lib/core/range.js';
import {redactDatabaseUrl} from '../../lib/config/database-url.js';
import type {Config} from '../../lib/config/resolve.js';
import type {Store} from '../../lib/store/store.js';
import {connectIfServable, withStore, type CommandOutput} from '../database/connect.js';
import {assertExists} from './existing.js';
import {writeRange} from './output.js';
import type {GetidRequest} from './request.js';
import {printNotice} from '../process/stderr.js';
import {startTimeLimit, type TimeLimit} from '../process/time-limit.js';

/** The steps of an allocation that may prompt. */
export interface AllocationSteps {
  readonly connect: (config: Config, output: CommandOutput) => Promise<Store>;
  /** Returns the mode to allocate from if no flag names one. */
  readonly chooseMode: (store: Store, limit: TimeLimit | undefined) => Promise<string>;
}

/** Allocates from the database or service without asking, and prints the range. */
export async function printAllocation(request: GetidRequest, mode: string): Promise<void> {
  const {server, format} = request;
  if (server === undefined) {
    const steps = {connect: connectIfServable, chooseMode: () => Promise.resolve(mode)};
    await writeRange(await allocateLocally(request, steps), format);
    return;
  }
  const {allocateRemotely} = await import('./remote.js');
  await writeRange(await allocateRemotely(request, server, () => Promise.resolve(mode)), format);
}

export async function allocateLocally(
  {config, options: {existing = false, json, timeout}, mode, count}: GetidRequest,
  steps: AllocationSteps,
): Promise<IdRange> {
  const {databaseUrl, requestTimeoutMs} = config.settings;
  // Without --timeout, connect_attempts and connect_wait bound the wait, as in the Python service.
  const limit =
    timeout === undefined
      ? undefined
      : startTimeLimit(requestTimeoutMs, json, redactDatabaseUrl(databaseUrl));
  try {
    return await withStore(steps.connect(config, {print: printNotice, limit}), async (store) => {
      const chosenMode = mode ?? (await steps.chooseMode(store, limit));
      const leftMs = limit?.leftMs() ?? requestTimeoutMs;
      const marksFile = marksFileOf(config.settings);
      const allocator = new Allocator(store, {
        ...config.settings,
        requestTimeoutMs: leftMs,
        marksFile,
        onlyMode: chosenMode,
        warn: printNotice,
      });
      if (existing) await assertExists(store, chosenMode);
      const range = await allocator.allocate(chosenMode, count);
      // A slow rewrite of the marks or close of the connection must not lose the allocated range.
      limit?.lift();
      await allocator.guard.memory.close({sync: false});
      allocator.guard.reportProblem();
      return range;
    });
  } finally {
    limit?.lift();
  }
}
