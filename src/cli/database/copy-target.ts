import type {Config} from '../../lib/config/resolve.js';
import type {Settings} from '../../lib/config/settings.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import {Issued} from '../../lib/operations/issued.js';
import type {Raise, Store} from '../../lib/store/store.js';
import {connect, type CommandOutput} from './connect.js';

/** Notes in the marks of the target that the copied counters are issued. */
export async function takeMarksAlong(
  store: Store,
  settings: Settings,
  raises: readonly Raise[],
  {print}: CommandOutput,
): Promise<void> {
  const issued = await Issued.read(store, settings, false);
  await issued.record(raises.map(({mode, after}) => ({mode, next: after})));
  for (const text of await issued.close()) print(text);
}

/** Calls `work` with the target of a copy, or with `undefined` if its tables are missing. */
export async function withCopyTarget<T>(
  config: Config,
  output: CommandOutput,
  work: (store: Store | undefined) => Promise<T>,
): Promise<T> {
  let store: Store;
  try {
    store = await connect(config, output, {readOnly: true});
  } catch (error) {
    if (!(error instanceof UniqueIDError) || error.code !== 'DATABASE_MISSING') throw error;
    return work(undefined);
  }
  try {
    const {kind} = await store.readSchema();
    return await work(kind === 'absent' ? undefined : store);
  } finally {
    await store.close();
  }
}
