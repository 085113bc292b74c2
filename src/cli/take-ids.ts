import {Allocator} from '../lib/allocation/allocator.js';
import {checkMode} from '../lib/allocation/mode.js';
import {parseRange, type IdRange} from '../lib/allocation/range.js';
import {redactDatabaseUrl} from '../lib/config/database-url.js';
import {loadConfig} from '../lib/config/load.js';
import type {Config} from '../lib/config/resolve.js';
import {UniqueIDError} from '../lib/errors.js';
import type {Store} from '../lib/store/store.js';
import {connectSafely, withStore} from './database.js';
import type {GetidOptions} from './getid-options.js';
import {writeIds} from './id-output.js';
import {say} from './say.js';
import {assertStdoutOpen} from './stdout.js';
import {canPrompt} from './terminal.js';
import {startTimeLimit, type TimeLimit} from './time-limit.js';

/** The work of `getid`: takes a range from the database, or from a service, and prints it. */
export async function takeIds(options: GetidOptions): Promise<void> {
  const {config, database, timeout} = options;
  const configured = loadConfig({config, database, timeout}, process.env);
  const {settings} = configured;
  const range = parseRange(options.range, settings.maxRange);
  const mode = options.mode === undefined ? undefined : checkMode(options.mode);
  if (mode === undefined && !canPrompt(options.json)) throw noMode();
  const format = options.json ? 'json' : options.format;
  assertStdoutOpen();
  if (options.server !== undefined) {
    const {takeRemoteIds} = await import('./take-remote-ids.js');
    await writeIds(await takeRemoteIds(options.server, mode, range, options, settings), format);
    return;
  }
  await writeIds(await takeFromDatabase(configured, options, mode, range), format);
}

async function takeFromDatabase(
  config: Config,
  {json, timeout}: GetidOptions,
  mode: string | undefined,
  range: bigint,
): Promise<IdRange> {
  const {databaseUrl, requestTimeoutMs} = config.settings;
  // Without --timeout the database is waited for as configured, as the Python service does.
  const limit =
    timeout === undefined
      ? undefined
      : startTimeLimit(requestTimeoutMs, json, redactDatabaseUrl(databaseUrl));
  const talk = {
    say,
    // Looked at only where it matters: opening stdin as a stream takes a while.
    get mayAsk() {
      return canPrompt(json);
    },
    limit,
  };
  try {
    return await withStore(connectSafely(config, talk), async (store) => {
      const chosen = mode ?? (await askForMode(store, limit));
      const leftMs = limit?.leftMs() ?? requestTimeoutMs;
      const allocator = new Allocator(store, {...config.settings, requestTimeoutMs: leftMs});
      const taken = await allocator.allocate(chosen, range);
      // What was taken is printed, even if the database is slow to say goodbye.
      limit?.lift();
      return taken;
    });
  } finally {
    limit?.lift();
  }
}

async function askForMode(store: Store, limit: TimeLimit | undefined): Promise<string> {
  const [{pickOrNameMode}, counters] = await Promise.all([
    import('./pick-mode.js'),
    // A list is for people: nobody pages through more.
    store.counters({limit: 10_000}),
  ]);
  limit?.lift();
  return pickOrNameMode(counters.map((counter) => counter.mode));
}

function noMode(): UniqueIDError {
  return new UniqueIDError('USAGE', 'No mode is named.', {
    hint: 'Give --mode MODE, such as --mode file; on a terminal it is asked for.',
  });
}
