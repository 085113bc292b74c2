import type {Server} from 'node:http';
import type {Logger} from 'pino';
import {Allocator} from '../allocation/allocator.js';
import type {Settings} from '../config/settings.js';
import type {Store} from '../store/store.js';
import {Answerer, ownHeaders} from './answer.js';
import {FailureLog} from './failure-log.js';
import {baseUrl, drain, listen} from './http-server.js';
import {createListener} from './listener.js';
import {openLogs} from './logs.js';

/** A service that answers. */
export interface RunningService {
  /** Where it answers, with the real port. */
  readonly url: string;
  /** The log of errors and of what else an operator should know; closed by `stop`. */
  readonly log: Logger;
  /**
   * Accepts nothing more, answers all it has accepted, and lets go of database and logs.
   *
   * @returns whether every request was answered within `shutdown_timeout`
   */
  stop(): Promise<boolean>;
}

/**
 * Starts the service on a store whose schema is safe, and takes the store over: `stop` closes it.
 *
 * @param remarks sentences about the configuration, logged once
 * @throws UniqueIDError `ADDRESS_UNAVAILABLE`; `CONFIG_INVALID` where a log file cannot be written
 */
export async function runService(
  settings: Settings,
  store: Store,
  remarks: readonly string[],
): Promise<RunningService> {
  const logs = openLogs({
    screen: settings.logScreen,
    accessFile: settings.accessFile,
    errorFile: settings.errorFile,
  });
  const {access, errors} = logs;
  const {headers, ignored} = furtherHeaders(settings);
  const answerer = new Answerer(
    headers,
    access &&
      ((request, status, bytes) => {
        access.record(request, status, bytes);
      }),
  );
  const allocator = new Allocator(store, settings);
  const failures = new FailureLog(errors);
  const listener = createListener({
    store,
    allocator,
    maxRange: settings.maxRange,
    answerer,
    onFailure: (error, request) => {
      failures.record(error, request);
    },
  });
  let server: Server;
  try {
    server = await listen(listener, settings.address, settings.port);
  } catch (error) {
    await store.close();
    logs.close();
    throw error;
  }
  const url = baseUrl(server);
  for (const remark of [...remarks, ...ignored]) errors.warn(remark);
  return {
    url,
    log: errors,
    stop: async () => {
      answerer.closing = true;
      const inTime = await drain(server, settings.shutdownTimeoutMs);
      await allocator.close();
      await store.close();
      logs.close();
      return inTime;
    },
  };
}

/** The configured headers that have an effect, and a sentence for each that has none. */
function furtherHeaders({responseHeadersOn, responseHeaders}: Settings): {
  headers: readonly (readonly [string, string])[];
  ignored: readonly string[];
} {
  const wanted = responseHeadersOn ? responseHeaders : [];
  const isOurs = ([name]: readonly [string, string]): boolean => ownHeaders.includes(name.toLowerCase());
  // Pacifica's own file asks for the content type that every answer has anyway.
  const isNews = ([name, value]: readonly [string, string]): boolean =>
    `${name}: ${value}`.toLowerCase() !== 'content-type: application/json';
  return {
    headers: wanted.filter((header) => !isOurs(header)),
    ignored: wanted
      .filter((header) => isOurs(header) && isNews(header))
      .map(
        ([name]) =>
          `The header ${name} in tools.response_headers.headers has no effect here: UniqueID decides it.`,
      ),
  };
}
