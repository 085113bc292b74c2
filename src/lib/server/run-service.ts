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
  const headers = settings.responseHeadersOn ? settings.responseHeaders : [];
  const answerer = new Answerer(
    headers.filter(([name]) => !ownHeaders.includes(name.toLowerCase())),
    access &&
      ((request, status, bytes) => {
        access.record(request, status, bytes);
      }),
  );
  const allocator = new Allocator(store, settings);
  const failures = new FailureLog(errors);
  const listener = createListener({
    allocator,
    maxRange: settings.maxRange,
    answerer,
    onFailure: (error, request) => {
      failures.record(error, request);
    },
  });
  const server = await listen(listener, settings.address, settings.port);
  const url = baseUrl(server);
  for (const remark of remarks) errors.warn(remark);
  return {
    url,
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
