import {promisify} from 'node:util';
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
import {baseUrl, boundAddress, drain, listen, type AnyServer, type ConnectionGroup} from './http/listen.js';
import {openLogs, type Logs} from './observability/logs.js';
import {acceptFastPath} from './fast-path/accept.js';
import {compose, type Api} from './compose.js';
import {requestIdOf, sentRequestId} from './http/request-id.js';
import type {AccessRecorder} from './http/response-writer.js';
import {readTlsFiles} from './http/tls-files.js';

const CLOSE_TIMEOUT_MS = 2000;

/** A request with its answer, as `onRequest` receives it. */
export interface AnsweredRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly status: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** The address of the client; `undefined` if it is gone. */
  readonly client: string | undefined;
  /** The id that the client gave the request or received with an error; `undefined` without one. */
  readonly requestId: string | undefined;
}

export interface StartOptions {
  /** A socket that already listens, inherited from the parent process. */
  readonly descriptor?: number | undefined;
  /** Called with each request when it is answered. */
  readonly onRequest?: ((request: AnsweredRequest) => void) | undefined;
}

/** A server that answers requests. */
export interface RunningServer {
  /** The base URL of the server, with its real port. */
  readonly url: string;
  /** The log of errors and of other events for operators; `stop` closes it. */
  readonly log: Logger;
  /** The same log without stderr; `undefined` if `log.error_file` is not set. */
  readonly fileLog: Logger | undefined;
  /**
   * Opens the log files again, and reads tokens and certificate again. If one of these is invalid, both old
   * ones stay in use, and the log says so.
   */
  reload(): void;
  /**
   * Accepts no more requests, answers all accepted ones, and closes database and logs.
   *
   * @returns true if every request was answered within `shutdown_timeout`
   */
  stop(): Promise<boolean>;
  /** Writes the lines logged after `stop`. */
  flushLogs(): Promise<void>;
}

/**
 * Starts the service on a store whose schema is safe, and takes ownership of the store: `stop` closes it.
 *
 * @throws UniqueIDError `ADDRESS_UNAVAILABLE`; `CONFIG_INVALID` if a file cannot be read or written
 */
export async function startServer(
  {settings, remarks, files}: Config,
  store: Store,
  options: StartOptions = {},
): Promise<RunningServer> {
  const logs = await openLogsOrClose(settings, store);
  const {errors} = logs;
  const listening = await listenOrClose(settings, store, logs, options);
  const {api, server, groups} = listening;
  const descriptorWarning = descriptorRemark(settings.maxConnections, descriptorLimit());
  for (const remark of [
    ...remarks,
    ...api.remarks,
    ...(descriptorWarning === undefined ? [] : [descriptorWarning]),
  ])
    errors.warn(remark);
  const warnOfFiles = (): void => {
    for (const warning of exposureWarnings([...files, ...secretFiles(settings)])) errors.warn(warning);
  };
  warnOfFiles();
  void warnOfDatabase(store, errors);
  return {
    url: baseUrl(server),
    log: errors,
    fileLog: logs.errorFile,
    reload: () => {
      logs.reopen();
      if (reloadSecrets(settings, listening, errors)) warnOfFiles();
    },
    stop: async () => {
      api.routes.lifecycle.beginShutdown();
      const inTime = await drain(server, groups, settings.shutdownTimeoutMs);
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
  readonly groups: readonly ConnectionGroup[];
}

/** Composes the API and listens; closes store and logs if that fails. */
async function listenOrClose(
  settings: Settings,
  store: Store,
  logs: Logs,
  {descriptor, onRequest}: StartOptions,
): Promise<Listening> {
  const {errors} = logs;
  const failures = new FailureLog(errors);
  try {
    const api = compose(settings, store, {
      access: recordRequests(logs, onRequest),
      timesRequests: onRequest !== undefined,
      failure: (error, request, requestId) => {
        failures.record(error, request, requestId);
      },
      warn: (text) => {
        errors.warn(text);
      },
      droppedLogLines: () => logs.droppedLines(),
    });
    const server = await listen(api.listener, settings, descriptor);
    api.setAddress(boundAddress(server));
    api.watchConnections(() => promisify(server.getConnections.bind(server))());
    // The order matters: the first call takes over all listeners that the server has at that point.
    return {api, server, groups: [acceptFastPath(server, api.routes, settings), trackHandshakes(server)]};
  } catch (error) {
    await store.close();
    await logs.flush();
    throw error;
  }
}

/** Returns the recorder of all answers; `undefined` if nothing needs them. */
function recordRequests(
  {access, errors}: Logs,
  onRequest: StartOptions['onRequest'],
): AccessRecorder | undefined {
  const isDebug = errors.isLevelEnabled('debug');
  if (access === undefined && onRequest === undefined && !isDebug) return undefined;
  return (request, status, bytes, headers) => {
    access?.record(request, status, bytes);
    const {method = '', url = '', startedAt = performance.now(), socket} = request;
    const requestId = sentRequestId(headers) ?? requestIdOf(request);
    const facts = {method, url, status, bytes, client: socket.remoteAddress, requestId};
    onRequest?.({...facts, durationMs: performance.now() - startedAt});
    if (isDebug && status >= 400 && status < 500) errors.debug(facts, 'Rejected a request.');
  };
}

/** Reads tokens and certificate again. Returns false if one of them is invalid; both old ones then stay. */
function reloadSecrets(settings: Settings, {api, server}: Listening, log: Logger): boolean {
  try {
    const applyTokens = api.readTokens();
    const tls = readTlsFiles(settings);
    // Take effect only now, when both are read and valid.
    if ('setSecureContext' in server && tls !== undefined) server.setSecureContext(tls);
    applyTokens();
    log.info('Reloaded tokens and certificate, and reopened the log files.');
    return true;
  } catch (error) {
    const {message, hint = ''} = toUniqueIDError(error);
    log.error(`Reload failed; the old tokens and certificate stay in use: ${`${message} ${hint}`.trimEnd()}`);
    return false;
  }
}

/** Closes the store with a time limit: it would wait minutes for a database server that died silently. */
async function closeInTime(store: Store, log: Logger): Promise<void> {
  try {
    await withTimeLimit(
      store.close(),
      CLOSE_TIMEOUT_MS,
      () => new Error('the database did not answer in time'),
    );
  } catch (error) {
    log.warn(`Cannot close the connection to ${store.location} cleanly: ${(error as Error).message}.`);
  }
}

/** Logs settings of the database that weaken a promise; the service answers already. */
async function warnOfDatabase(store: Store, log: Logger): Promise<void> {
  try {
    for (const warning of (await store.facts()).warnings) log.warn(warning);
  } catch {
    // The database may be unavailable again; `status` shows the same warnings.
  }
}

/** @throws UniqueIDError `CONFIG_INVALID`, after it has closed the store */
async function openLogsOrClose(
  {logScreen: screen, accessFile, errorFile, logLevel: level}: Settings,
  store: Store,
): Promise<Logs> {
  try {
    return openLogs({screen, accessFile, errorFile, level});
  } catch (error) {
    await store.close();
    throw error;
  }
}
