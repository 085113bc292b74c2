import {Allocator} from '../../lib/allocation/allocator.js';
import {parseMode} from '../../lib/core/mode.js';
import {parseRange, type IdRange} from '../../lib/core/range.js';
import {redactDatabaseUrl} from '../../lib/config/database-url.js';
import {loadConfig} from '../../lib/config/load.js';
import type {Config} from '../../lib/config/resolve.js';
import type {Store} from '../../lib/store/store.js';
import {connectIfServable, withStore, type CommandOutput} from '../database/connect.js';
import {allocateExisting, createsNoMode, notRemoteError} from './existing.js';
import {chooseServer} from './server.js';
import type {GetidOptions} from './flags.js';
import {writeRange, type RangeFormat} from './output.js';
import {printNotice} from '../process/stderr.js';
import {assertStdoutOpen} from '../process/stdout.js';
import {startTimeLimit, type TimeLimit} from '../process/time-limit.js';

/** The parsed options of `getid`, with the configuration. */
export interface GetidRequest {
  readonly config: Config;
  readonly options: GetidOptions;
  /** The address of the service to ask instead of the database. */
  readonly server: string | undefined;
  readonly mode: string | undefined;
  readonly count: bigint;
  readonly format: RangeFormat;
}

/** The steps of an allocation that may prompt. */
export interface AllocationSteps {
  readonly connect: (config: Config, output: CommandOutput) => Promise<Store>;
  /** Returns the mode to allocate from if no flag names one. */
  readonly chooseMode: (store: Store, limit: TimeLimit | undefined) => Promise<string>;
}

/**
 * Parses the options of `getid` and loads the configuration.
 *
 * @throws UniqueIDError for an invalid option or setting, or if stdout is closed
 */
export function parseGetid(options: GetidOptions): GetidRequest {
  const {config: path, database, server: asked, timeout} = options;
  const config = loadConfig({config: path, database, server: asked, timeout}, process.env);
  const server = chooseServer(config, options);
  if (options.existing === true && server !== undefined) throw notRemoteError();
  const count = parseRange(options.range, config.settings.maxRange);
  const mode = options.mode === undefined ? undefined : parseMode(options.mode);
  assertStdoutOpen();
  return {config, options, server, mode, count, format: options.json ? 'json' : options.format};
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
      const policy = existing ? {policy: createsNoMode} : {};
      const allocator = new Allocator(store, {...config.settings, requestTimeoutMs: leftMs, ...policy});
      const range = await (existing
        ? allocateExisting(allocator, store, chosenMode, count)
        : allocator.allocate(chosenMode, count));
      // A slow close of the connection must not lose the allocated range.
      limit?.lift();
      return range;
    });
  } finally {
    limit?.lift();
  }
}
