import type {RequestListener} from 'node:http';
import {resolveConfig} from '../config/resolve.js';
import {settings as allSettings, type Setting, type SettingName, type Settings} from '../config/settings.js';
import {UniqueIDError} from '../core/errors.js';
import {openStore} from '../store/open.js';
import {migrate} from '../store/schema/migrate.js';
import {schemaProblem} from '../store/schema/verdict.js';
import {nearest} from '../util/text/nearest-word.js';
import {compose} from './compose.js';

/** Settings of `[uniqueid]` for commands, or for the server around an embedded service. */
const SERVER_KEYS = [
  'server',
  'max_connections',
  'header_timeout',
  'idle_timeout',
  'shutdown_timeout',
  'log_level',
  'tls_cert',
  'tls_key',
] as const;

/** Keys of `[uniqueid]` in the config file that have an effect on an embedded service. */
export type EmbeddedSetting = Exclude<
  {
    [Name in SettingName]: (typeof allSettings)[Name] extends {readonly section: 'uniqueid'}
      ? (typeof allSettings)[Name]['key']
      : never;
  }[SettingName],
  (typeof SERVER_KEYS)[number]
>;

/** Options of an embedded service. */
export interface RequestListenerOptions {
  /** The URL of the database, as `peewee_url` takes it. */
  readonly database: string;
  /** Creates the database or upgrades its schema first. */
  readonly sync?: boolean;
  /** Values as the config file takes them, such as `{max_range: '1000'}`. */
  readonly settings?: Readonly<Partial<Record<EmbeddedSetting, string>>>;
  /** Called with each failure of the service itself. */
  readonly onFailure?: (error: UniqueIDError) => void;
}

/** The REST API for any server of `node:http`, below the path that it is mounted at. */
export type EmbeddedService = RequestListener & {
  /** Answers the accepted requests, rejects others, and closes the database. */
  close: () => Promise<void>;
};

/**
 * Opens a database and returns the REST API on it. Mount it in a server of `node:http`, in Express
 * (`app.use('/ids', listener)`) or in Fastify.
 *
 * @throws UniqueIDError `CONFIG_INVALID`; `DATABASE_*` and `SCHEMA_*` if integers cannot be allocated
 */
export async function createRequestListener(options: RequestListenerOptions): Promise<EmbeddedService> {
  const settings = resolveSettings(options);
  const store = await openStore(settings.databaseUrl, {
    create: options.sync ?? false,
    answerTimeoutMs: settings.requestTimeoutMs,
    offThread: true,
  });
  try {
    if (options.sync === true) await migrate(store);
    const problem = schemaProblem(await store.readSchema(), store.location);
    if (problem !== undefined) throw problem;
    const api = compose(settings, store, {
      failure: (error) => {
        options.onFailure?.(error);
      },
    });
    const close = async (): Promise<void> => {
      api.routes.lifecycle.beginShutdown();
      await api.finish();
      await store.close();
    };
    return Object.assign(api.listener.bind(undefined), {close});
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Resolves the options as if a config file held them: the same keys, bounds and errors. */
function resolveSettings({database, settings = {}}: RequestListenerOptions): Settings {
  // An empty URL would mean the default database.
  if (database === '') throw noDatabase();
  const known = (Object.values(allSettings) as Setting[]).filter(({section}) => section === 'uniqueid');
  const env: Record<string, string> = {PEEWEE_URL: database};
  for (const [key, value] of Object.entries(settings)) {
    if (hasNoEffect(key)) throw withoutEffect(key);
    const found = known.find((each) => each.key === key);
    if (found === undefined) throw unknownKey(key, known);
    env[found.env] = value;
  }
  return resolveConfig({flags: {}, env}).settings;
}

function noDatabase(): UniqueIDError {
  return new UniqueIDError('CONFIG_INVALID', 'The option "database" is empty.', {
    hint: 'Pass the URL of the database, such as sqlite:////var/lib/uniqueid/uniqueid.db.',
  });
}

function unknownKey(key: string, known: readonly Setting[]): UniqueIDError {
  const keys = known.map((each) => each.key).filter((each) => !hasNoEffect(each));
  const suggestion = nearest(key, keys);
  const hint =
    suggestion === undefined ? `Known settings are: ${keys.join(', ')}.` : `Did you mean "${suggestion}"?`;
  const message = `Unknown setting ${JSON.stringify(key)} of an embedded service.`;
  return new UniqueIDError('CONFIG_INVALID', message, {hint});
}

function hasNoEffect(key: string): boolean {
  return SERVER_KEYS.some((each) => each === key);
}

function withoutEffect(key: string): UniqueIDError {
  return new UniqueIDError('CONFIG_INVALID', `Setting ${key} has no effect on an embedded service.`, {
    hint: 'Remove it, and configure the server that mounts the service.',
  });
}
