import {Allocator} from '../lib/allocation/allocator.js';
import {checkMode} from '../lib/allocation/mode.js';
import {parseRange} from '../lib/allocation/range.js';
import {loadConfig} from '../lib/config/load.js';
import {UniqueIDError} from '../lib/errors.js';
import type {Store} from '../lib/store/store.js';
import {connectSafely, withStore} from './database.js';
import type {GetidOptions} from './getid-options.js';
import {writeIds} from './id-output.js';
import {say} from './say.js';
import {assertStdoutOpen} from './stdout.js';
import {canPrompt} from './terminal.js';

/** The work of `getid`: takes a range from the database, or from a service, and prints it. */
export async function takeIds(options: GetidOptions): Promise<void> {
  const {config, database, timeout} = options;
  const configured = loadConfig({config, database, timeout}, process.env);
  const {settings} = configured;
  const range = parseRange(options.range, settings.maxRange);
  const mode = options.mode === undefined ? undefined : checkMode(options.mode);
  // Looked at only where it matters: opening stdin as a stream takes a while.
  const talk = {
    say,
    get mayAsk() {
      return canPrompt(options.json);
    },
  };
  if (mode === undefined && !talk.mayAsk) throw noMode();
  const format = options.json ? 'json' : options.format;
  assertStdoutOpen();
  if (options.server !== undefined) {
    const {takeRemoteIds} = await import('./take-remote-ids.js');
    await writeIds(await takeRemoteIds(options.server, mode, range, options, settings), format);
    return;
  }
  const taken = await withStore(connectSafely(configured, talk), async (store) =>
    new Allocator(store, settings).allocate(mode ?? (await askForMode(store)), range),
  );
  await writeIds(taken, format);
}

async function askForMode(store: Store): Promise<string> {
  const [{pickOrNameMode}, counters] = await Promise.all([
    import('./pick-mode.js'),
    // A list is for people: nobody pages through more.
    store.counters({limit: 10_000}),
  ]);
  return pickOrNameMode(counters.map((counter) => counter.mode));
}

function noMode(): UniqueIDError {
  return new UniqueIDError('USAGE', 'No mode is named.', {
    hint: 'Give --mode MODE, such as --mode file; on a terminal it is asked for.',
  });
}
