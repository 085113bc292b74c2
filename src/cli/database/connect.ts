import type {Config} from '../../lib/config/resolve.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import {connectStore} from '../../lib/operations/connect.js';
import {schemaProblem} from '../../lib/store/schema/verdict.js';
import type {OpenOptions, Store} from '../../lib/store/store.js';
import type {TimeLimit} from '../process/time-limit.js';

export interface CommandOutput {
  readonly print: (line: string) => void;
  /** The time that the command may take; lifted before a prompt. */
  readonly limit?: TimeLimit | undefined;
}

/** Connects to the configured database, and prints a notice before each wait. */
export function connect(config: Config, output: CommandOutput, options: OpenOptions = {}): Promise<Store> {
  const {settings} = config;
  const {databaseUrl, connectAttempts, connectWaitMs} = settings;
  return connectStore(databaseUrl, {
    ...options,
    attempts: connectAttempts,
    waitMs: connectWaitMs,
    answerTimeoutMs: settings.requestTimeoutMs,
    limitMs: output.limit?.limitMs,
    onWait: (error, attempt, pauseMs) => {
      output.print(
        `${error.message} Attempt ${attempt} of ${connectAttempts} failed; ` +
          `retrying in ${Math.ceil(pauseMs / 100) / 10} s.`,
      );
    },
  }).catch((error: unknown) => {
    throw withOrigin(error, config);
  });
}

/** Adds where the URL of a missing database comes from: often its config file was not found. */
function withOrigin(error: unknown, {origins, searches}: Config): unknown {
  if (!(error instanceof UniqueIDError) || error.code !== 'DATABASE_MISSING') return error;
  const {used, searched = []} = searches[0] ?? {};
  const reason =
    origins.databaseUrl !== 'default'
      ? `Its URL comes from: ${origins.databaseUrl}.`
      : used === undefined
        ? `It is the default, because there is no config file ${searched.join(' or ')}.`
        : `It is the default, because ${used} sets no peewee_url.`;
  return new UniqueIDError(error.code, error.message, {hint: `${error.hint} ${reason}`, cause: error});
}

/** Calls `work` with a store, and closes the store even if `work` fails. */
export async function withStore<T>(opening: Promise<Store>, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await opening;
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Calls `work` with a store and returns the store; closes it only if `work` fails. */
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

/**
 * Connects to a database that integers may be allocated from.
 *
 * @throws UniqueIDError `DATABASE_MISSING` or `SCHEMA_*`
 */
export function connectIfServable(
  config: Config,
  output: CommandOutput,
  options: OpenOptions = {},
): Promise<Store> {
  return prepareStore(connect(config, output, options), async (store) => {
    const problem = schemaProblem(await store.readSchema(), store.location);
    if (problem !== undefined) throw problem;
  });
}
