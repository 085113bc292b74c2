import type {Logger} from 'pino';
import type {Config} from '../config/resolve.js';
import {exposureWarnings, secretFiles} from '../config/secret-files.js';
import type {Settings} from '../config/settings.js';
import {toUniqueIDError} from '../core/errors.js';
import type {Store} from '../store/store.js';
import {withTimeLimit} from '../util/time-limit.js';
import {descriptorLimit, descriptorRemark} from './http/descriptors.js';
import {FailureLog} from './observability/failure-log.js';
import {trackHandshakes} from './http/handshakes.js';
import {baseUrl, boundAddress, drain, listen, type AnyServer, type OtherConnections} from './http/listen.js';
import {openLogs, type Logs} from './observability/logs.js';
import {acceptFastPath} from './fast-path/accept.js';
import {compose, type Api} from './compose.js';
import {readTlsFiles} from './http/tls-files.js';

const CLOSE_TIMEOUT_MS = 2000;

/** A service that answers. */
export interface RunningServer {
  /** Where it answers, with the real port. */
  readonly url: string;
  /** The log of errors and of what else an operator should know; closed by `stop`. */
  readonly log: Logger;
  /** Opens the log files anew and reads tokens and certificate again: if one is wrong, both stay, and it is logged. */
  reload(): void;
  /**
   * Accepts nothing more, answers all it has accepted, and lets go of database and logs.
   *
   * @returns whether every request was answered within `shutdown_timeout`
   */
  stop(): Promise<boolean>;
  /** Writes out what was logged after `stop`. */
  flushLogs(): Promise<void>;
}

/**
 * Starts the service on a store whose schema is safe, and takes the store over: `stop` closes it.
 *
 * @param descriptor a socket that listens already, handed over by whoever started this process
 * @throws UniqueIDError `ADDRESS_UNAVAILABLE`; `CONFIG_INVALID` where a file cannot be read or written
 */
export async function startServer(
  {settings, remarks, files}: Config,
  store: Store,
  descriptor?: number,
): Promise<RunningServer> {
  const logs = await logsOf(settings, store);
  const {errors} = logs;
  const listening = await listenOrClose(settings, store, logs, descriptor);
  const {api, server, others} = listening;
  const few = descriptorRemark(settings.maxConnections, descriptorLimit());
  for (const remark of [...remarks, ...api.remarks, ...(few === undefined ? [] : [few])]) errors.warn(remark);
  const warnOfFiles = (): void => {
    for (const warning of exposureWarnings([...files, ...secretFiles(settings)])) errors.warn(warning);
  };
  warnOfFiles();
  void warnOfDatabase(store, errors);
  return {
    url: baseUrl(server),
    log: errors,
    reload: () => {
      logs.reopen();
      if (reloadSecrets(settings, listening, errors)) warnOfFiles();
    },
    stop: async () => {
      api.routes.lifecycle.beginShutdown();
      const inTime = await drain(server, others, settings.shutdownTimeoutMs);
      await api.finish();
      await closeInTime(store, errors);
      await logs.flush();
      return inTime;
    },
    flushLogs: () => logs.flush(),
  };
}

interface Listening {
  readonly api: Api;
  readonly server: AnyServer;
  readonly others: readonly OtherConnections[];
}

/** Composes the API and listens; closes store and logs if that fails. */
async function listenOrClose(
  settings: Settings,
  store: Store,
  logs: Logs,
  descriptor: number | undefined,
): Promise<Listening> {
  const {access, errors} = logs;
  const failures = new FailureLog(errors);
  try {
    const api = compose(settings, store, {
      access:
        access &&
        ((request, status, bytes) => {
          access.record(request, status, bytes);
        }),
      failure: (error, request, requestId) => {
        failures.record(error, request, requestId);
      },
      droppedLogLines: () => logs.droppedLines(),
    });
    const server = await listen(api.listener, settings, descriptor);
    api.setAddress(boundAddress(server));
    // In this order: the first takes the listeners that are there for itself.
    return {api, server, others: [acceptFastPath(server, api.routes, settings), trackHandshakes(server)]};
  } catch (error) {
    await store.close();
    await logs.flush();
    throw error;
  }
}

/** Reads tokens and certificate again. Returns false if one of them is wrong; both then stay as they were. */
function reloadSecrets(settings: Settings, {api, server}: Listening, log: Logger): boolean {
  try {
    const takeTokens = api.readTokens();
    const tls = readTlsFiles(settings);
    // Both are read and right.
    if ('setSecureContext' in server && tls !== undefined) server.setSecureContext(tls);
    takeTokens();
    log.info('Read tokens and certificate again, and opened the log files anew.');
    return true;
  } catch (error) {
    const {message, hint} = toUniqueIDError(error);
    log.error(
      `Opened the log files anew, but tokens and certificate stay as they were: ${message}${hint === undefined ? '' : ` ${hint}`}`,
    );
    return false;
  }
}

/** Closes the store, unless its server died silently: a connection then waits for a farewell for minutes. */
async function closeInTime(store: Store, log: Logger): Promise<void> {
  try {
    await withTimeLimit(store.close(), CLOSE_TIMEOUT_MS, () => new Error('it did not answer in time'));
  } catch (error) {
    log.warn(`The connection to ${store.location} was not closed in order: ${(error as Error).message}.`);
  }
}

/** Logs what weakens a promise; the service answers meanwhile. */
async function warnOfDatabase(store: Store, log: Logger): Promise<void> {
  try {
    for (const warning of (await store.facts()).warnings) log.warn(warning);
  } catch {
    // The database may be gone again; `status` tells of the same.
  }
}

/** @throws UniqueIDError `CONFIG_INVALID`; the store is closed then */
async function logsOf({logScreen: screen, accessFile, errorFile}: Settings, store: Store): Promise<Logs> {
  try {
    return openLogs({screen, accessFile, errorFile});
  } catch (error) {
    await store.close();
    throw error;
  }
}
