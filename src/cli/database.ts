import type {Config} from '../lib/config/resolve.js';
import {UniqueIDError} from '../lib/errors.js';
import {connectStore} from '../lib/store/connect.js';
import {schemaProblem} from '../lib/store/schema/verdict.js';
import type {OpenOptions, Store} from '../lib/store/store.js';
import type {TimeLimit} from './time-limit.js';

/** How a command shows that it waits, and whom it may ask. */
export interface CommandTalk {
  readonly say: (line: string) => void;
  /** Whether a person is there to answer. */
  readonly mayAsk: boolean;
  /** How long the command may take; lifted before a person is asked. */
  readonly limit?: TimeLimit | undefined;
}

/** Connects as the configuration says, telling on stderr what is waited for. */
export function connect({settings}: Config, talk: CommandTalk, options: OpenOptions = {}): Promise<Store> {
  const {databaseUrl, connectAttempts, connectWaitMs} = settings;
  return connectStore(databaseUrl, {
    ...options,
    attempts: connectAttempts,
    waitMs: connectWaitMs,
    answerTimeoutMs: settings.requestTimeoutMs,
    limitMs: talk.limit?.limitMs,
    onWait: (error, attempt, pauseMs) => {
      talk.say(
        `${error.message} Attempt ${attempt} of ${connectAttempts}; the next one is in ${Math.ceil(pauseMs / 100) / 10} s.`,
      );
    },
  });
}

/**
 * Connects to a database that integers may be allocated from. Where it is missing or too old, a person is
 * offered to run dbsync; a script is told to.
 *
 * @throws UniqueIDError `DATABASE_MISSING` or `SCHEMA_*`
 */
export async function connectSafely(
  config: Config,
  talk: CommandTalk,
  options: OpenOptions = {},
): Promise<Store> {
  try {
    return await connectIfSafe(config, talk, options);
  } catch (error) {
    if (!talk.mayAsk || !(error instanceof UniqueIDError) || !canBeSynced(error)) throw error;
    talk.limit?.lift();
    const {askYesNo} = await import('./ask.js');
    talk.say(error.message);
    const question =
      error.code === 'SCHEMA_TOO_OLD'
        ? 'Upgrade it now? Every counter is kept.'
        : 'Create it now? Every mode will start anew.';
    if (!(await askYesNo(question))) throw error;
    const {syncWithTasks} = await import('./sync-tasks.js');
    await withStore(connect(config, talk, {create: true}), (store) => syncWithTasks(store, {silent: false}));
    return connectIfSafe(config, talk, options);
  }
}

/** Does something with a store, and closes it whatever comes of it. */
export async function withStore<T>(opening: Promise<Store>, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await opening;
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Does something with a store that is used afterwards, and closes it only where that fails. */
export async function prepareStore(
  opening: Promise<Store>,
  work: (store: Store) => Promise<void>,
): Promise<Store> {
  const store = await opening;
  try {
    await work(store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

function connectIfSafe(config: Config, talk: CommandTalk, options: OpenOptions): Promise<Store> {
  return prepareStore(connect(config, talk, options), async (store) => {
    const problem = schemaProblem(await store.readSchema(), store.location);
    if (problem !== undefined) throw problem;
  });
}

function canBeSynced({code}: UniqueIDError): boolean {
  return code === 'DATABASE_MISSING' || code === 'SCHEMA_MISSING' || code === 'SCHEMA_TOO_OLD';
}
