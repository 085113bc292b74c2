import {closeSync, openSync} from 'node:fs';
import pino, {type Logger} from 'pino';
import {UniqueIDError} from '../errors.js';
import {AccessLog} from './access-log.js';

/** Which logs a server keeps; a file that is `undefined` is not kept. */
export interface LogOptions {
  /** Both logs on stderr. */
  readonly screen: boolean;
  readonly accessFile: string | undefined;
  readonly errorFile: string | undefined;
}

/** The logs of one server. */
export interface Logs {
  /** One JSON record a line. */
  readonly errors: Logger;
  readonly access: AccessLog | undefined;
  /** Opens the files by their names again, after somebody has moved them away. */
  reopen(): void;
  /** Writes out what is still in memory. */
  close(): void;
}

type Destination = ReturnType<typeof pino.destination>;

/** Lines gather to this many characters, or for this long, before they are written: the disk is not on the way of an answer. */
const GATHERED_LENGTH = 16_000;
const ACCESS_FLUSH_MS = 500;

/**
 * Opens the logs. Errors always have a place: stderr, where no file was configured.
 *
 * @throws UniqueIDError `CONFIG_INVALID` where a file cannot be written
 */
export function openLogs({screen, accessFile, errorFile}: LogOptions): Logs {
  const files: Destination[] = [];
  const errorSinks: Destination[] = [];
  const accessSinks: Destination[] = [];
  if (errorFile !== undefined) files.push(openFile('log.error_file', errorFile));
  errorSinks.push(...files);
  if (screen || errorFile === undefined) errorSinks.push(pino.destination({dest: 2, sync: true}));
  if (accessFile !== undefined) {
    const file = openFile('log.access_file', accessFile);
    files.push(file);
    accessSinks.push(file);
  }
  if (screen) accessSinks.push(pino.destination({dest: 2, sync: true}));
  const errors = pino(
    {
      base: {pid: process.pid},
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: {err: pino.stdSerializers.errWithCause},
    },
    pino.multistream(errorSinks.map((stream) => ({stream}))),
  );
  // A person who looks on sees each line at once.
  const access =
    accessSinks.length === 0 ? undefined : new AccessLog(accessSinks, screen ? 0 : GATHERED_LENGTH);
  const flush = setInterval(() => access?.flush(), ACCESS_FLUSH_MS);
  flush.unref();
  return {
    errors,
    access,
    reopen: () => {
      access?.flush();
      for (const sink of files) {
        // What was told before the file was moved away stands in the file that was moved away.
        writeOut(sink);
        sink.reopen();
      }
    },
    close: () => {
      clearInterval(flush);
      access?.flush();
      for (const sink of [...errorSinks, ...accessSinks]) writeOut(sink);
    },
  };
}

/** Writes what is in memory now, if the disk takes it. */
function writeOut(sink: Destination): void {
  try {
    sink.flushSync();
  } catch (error) {
    process.emitWarning(`Some lines of a log could not be written: ${(error as Error).message}`);
  }
}

function openFile(key: string, path: string): Destination {
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw new UniqueIDError(
      'CONFIG_INVALID',
      `${key} ${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`,
      {
        hint: 'Name a file in a folder that exists and that the user that runs UniqueID may write.',
      },
    );
  }
  const destination = pino.destination({dest: path, sync: false});
  let told = false;
  // A full disk must stop the log, not the service.
  destination.on('error', (error: Error) => {
    if (!told) process.emitWarning(`${key} ${path} cannot be written: ${error.message}`);
    told = true;
  });
  return destination;
}
