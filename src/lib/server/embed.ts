import type {RequestListener} from 'node:http';
import {resolveConfig} from '../config/resolve.js';
import {settings as allSettings, type Setting, type SettingName, type Settings} from '../config/settings.js';
import {UniqueIDError} from '../core/errors.js';
import {openStore} from '../store/open.js';
import {migrate} from '../store/schema/migrate.js';
import {schemaProblem} from '../store/schema/verdict.js';
import {compose} from './compose.js';

/** Settings of `[uniqueid]` that concern the server around an embedded service. */
const SERVER_KEYS = [
  'max_connections',
  'header_timeout',
  'idle_timeout',
  'shutdown_timeout',
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

/** What an embedded service is made with. */
export interface RequestListenerOptions {
  /** The database's URL, as `peewee_url` takes it. */
  readonly database: string;
  /** Create the database or bring its schema up to date first. */
  readonly sync?: boolean;
  /** Values as the config file takes them, such as `{max_range: '1000'}`. */
  readonly settings?: Readonly<Partial<Record<EmbeddedSetting, string>>>;
  /** Told of each failure that is the service's own. */
  readonly onFailure?: (error: UniqueIDError) => void;
}

/** The REST API for any server of `node:http`; it answers below the path that it is mounted at. */
export type EmbeddedService = RequestListener & {
  /** Answers what has been accepted, refuses more, and lets go of the database. */
  close: () => Promise<void>;
};

/**
 * Opens a database and makes the REST API on it, to be mounted in a server of `node:http`, in Express
 * (`app.use('/ids', listener)`) or in Fastify.
 *
 * @throws UniqueIDError `CONFIG_INVALID`; `DATABASE_*` and `SCHEMA_*` where integers cannot be allocated
 */
export async function createRequestListener(options: RequestListenerOptions): Promise<EmbeddedService> {
  const settings = settingsOf(options);
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

/** The options as if they stood in a service file: the same keys, bounds and errors. */
function settingsOf({database, settings = {}}: RequestListenerOptions): Settings {
  const known = Object.entries(allSettings) as [SettingName, Setting][];
  const env: Record<string, string> = {PEEWEE_URL: database};
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(settings)) {
    if (SERVER_KEYS.some((each) => each === key)) throw withoutEffect(key);
    const found = known.find(([, each]) => each.section === 'uniqueid' && each.key === key)?.[1];
    if (found === undefined) unknown.push(`${key} = ${value}`);
    else env[found.env] = value;
  }
  // What is no key is refused as in a file, with the one that was meant.
  const service =
    unknown.length === 0 ? undefined : {path: 'the settings', content: `[uniqueid]\n${unknown.join('\n')}\n`};
  return resolveConfig({flags: {}, env, service}).settings;
}

function withoutEffect(key: string): UniqueIDError {
  return new UniqueIDError('CONFIG_INVALID', `The setting ${key} has no effect on an embedded service.`, {
    hint: 'Leave it out, and configure the server that the service is mounted in.',
  });
}
