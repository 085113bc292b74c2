import type {Logger} from 'pino';
import type {LogLevel} from '../../lib/config/parsers.js';
import {toUniqueIDError} from '../../lib/core/errors.js';
import {stderrSink} from '../../lib/server/observability/log-sink.js';
import {createLogger} from '../../lib/server/observability/logs.js';

/** Returns a logger of JSON records on stderr, for a service without a terminal. */
export function stderrLogger(level: LogLevel = 'info'): Logger {
  return createLogger([stderrSink()], level);
}

/** Logs a failure that ends the command as one record. */
export async function logFailure(thrown: unknown): Promise<void> {
  const error = toUniqueIDError(thrown);
  process.exitCode = error.exitStatus;
  const {code, hint, message} = error;
  const details = {code, ...(hint === undefined ? {} : {hint}), exit: error.exitStatus};
  // Only an unforeseen failure needs its stack trace.
  if (code === 'UNEXPECTED') stderrLogger().error({...details, err: error}, message);
  else stderrLogger().error(details, message);
  await stderrSink().flush(FLUSH_LIMIT_MS);
}

/** Time for which the end of the process waits for a stderr that takes no lines. */
const FLUSH_LIMIT_MS = 1000;
