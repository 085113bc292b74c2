import pino, {type Logger} from 'pino';
import type {LogLevel} from '../../config/parsers.js';
import {UniqueIDError} from '../../core/errors.js';
import {visibleJson} from '../../util/text/visible.js';
import {AccessLog} from './access-log.js';
import {assertWritable, openFile} from './log-output.js';
import {LogSink, stderrSink} from './log-sink.js';

/** Which logs a server keeps; it does not keep a file that is `undefined`. */
export interface LogOptions {
  /** True writes the error log to stderr too. */
  readonly screen: boolean;
  readonly accessFile: string | undefined;
  readonly errorFile: string | undefined;
  /** The least severe records of the error log. */
  readonly level: LogLevel;
}

/** The logs of one server. */
export interface Logs {
  /** One JSON record per line. */
  readonly errors: Logger;
  /** The error log without stderr; `undefined` if no file is configured. */
  readonly errorFile: Logger | undefined;
  readonly access: AccessLog | undefined;
  /** Opens the files by their names again, for example after log rotation. */
  reopen(): void;
  /** Counts the lines that no destination took. */
  droppedLines(): number;
  /** Writes out what is still in memory, as far as the destinations take it. */
  flush(): Promise<void>;
}

/**
 * Characters and milliseconds after which gathered access lines are written: the disk must not delay
 * an answer.
 */
const ACCESS_FLUSH_LENGTH = 16_000;
const ACCESS_FLUSH_MS = 500;

/** Time for which the shutdown waits for a log that takes no lines. */
const FLUSH_LIMIT_MS = 1000;

/**
 * Opens the logs. Errors always have a destination: stderr if no file is configured.
 *
 * @throws UniqueIDError `CONFIG_INVALID` if a file cannot be written
 */
export function openLogs({screen, accessFile, errorFile, level}: LogOptions): Logs {
  const errorLog = errorFile === undefined ? undefined : openLogFile('log.error_file', errorFile);
  const accessLog = accessFile === undefined ? undefined : openLogFile('log.access_file', accessFile);
  const files = [errorLog, accessLog].filter((sink) => sink !== undefined);
  const all = [...files, stderrSink()];
  // The other logs report the trouble of one.
  const notices = createLogger(all.filter((sink) => sink !== accessLog));
  if (errorLog !== undefined) report(errorLog, `log.error_file ${errorFile}`, notices);
  if (accessLog !== undefined) report(accessLog, `log.access_file ${accessFile}`, notices);
  report(stderrSink(), 'stderr', notices);
  const access = accessLog === undefined ? undefined : new AccessLog(accessLog, ACCESS_FLUSH_LENGTH);
  const flush = setInterval(() => access?.flush(), ACCESS_FLUSH_MS);
  flush.unref();
  return {
    errors: createLogger(
      [
        ...(errorLog === undefined ? [] : [errorLog]),
        ...(screen || errorLog === undefined ? [stderrSink()] : []),
      ],
      level,
    ),
    errorFile: errorLog === undefined ? undefined : createLogger([errorLog], level),
    access,
    droppedLines: () => all.reduce((sum, {dropped}) => sum + dropped, 0),
    reopen: () => {
      access?.flush();
      for (const file of files) file.reopen();
    },
    flush: async () => {
      access?.flush();
      await Promise.all(all.map((sink) => sink.flush(FLUSH_LIMIT_MS)));
    },
  };
}

/** Returns a logger of JSON records, one per line; hidden characters in foreign text are escaped. */
export function createLogger(sinks: readonly LogSink[], level: LogLevel = 'info'): Logger {
  return pino(
    {
      level,
      formatters: {level: (label) => ({level: label})},
      base: {pid: process.pid},
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: {err: pino.stdSerializers.errWithCause},
    },
    {
      write: (line) => {
        const escaped = visibleJson(line);
        for (const sink of sinks) sink.write(escaped);
      },
    },
  );
}

function report(sink: LogSink, name: string, notices: Logger): void {
  sink.observe({
    failing: (reason) => {
      notices.error({destination: name}, `Dropping lines of ${name}: ${reason}.`);
    },
    recovered: (dropped) => {
      notices.warn({destination: name, dropped}, `Writing lines of ${name} again; ${dropped} were dropped.`);
    },
  });
}

/**
 * Checks that a log file can be opened or created, and does neither.
 *
 * @throws UniqueIDError `CONFIG_INVALID`
 */
export function assertLogFile(key: string, path: string): void {
  try {
    assertWritable(path);
  } catch (error) {
    throw unwritable(key, path, error);
  }
}

function openLogFile(key: string, path: string): LogSink {
  try {
    return new LogSink(openFile(path));
  } catch (error) {
    throw unwritable(key, path, error);
  }
}

function unwritable(key: string, path: string, error: unknown): UniqueIDError {
  return new UniqueIDError(
    'CONFIG_INVALID',
    `Cannot write ${key} ${path}: ${(error as NodeJS.ErrnoException).code}.`,
    {
      hint: 'Use a file in an existing folder that the user running UniqueID can write.',
    },
  );
}
