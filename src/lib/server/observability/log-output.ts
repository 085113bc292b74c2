import {accessSync, closeSync, constants, fstatSync, openSync, write} from 'node:fs';
import {dirname} from 'node:path';
import {isatty} from 'node:tty';

/** Receives the number of bytes that a write took, or its error. */
type WriteCallback = (error: NodeJS.ErrnoException | null | undefined, bytes: number) => void;

/** The destination of the bytes of a log. */
export interface LogOutput {
  /** Writes all or a part of the bytes, and never waits for a reader. */
  readonly write: (bytes: Buffer, done: WriteCallback) => void;
  /** Opens the file by its name again. @throws if that fails; the old file then stays open */
  readonly reopen?: () => void;
}

/**
 * Opens a file to append to. If the path is a pipe or terminal without a reader, a write fails with
 * EAGAIN: a blocked thread would keep the process from ending.
 */
export function openFile(path: string): LogOutput {
  let descriptor = openToAppend(path);
  return {
    write: (bytes, done) => {
      write(descriptor, bytes, done);
    },
    reopen: () => {
      const old = descriptor;
      descriptor = openToAppend(path);
      closeSync(old);
    },
  };
}

const STDERR = 2;

/** Opens stderr as a terminal, a stream or a file. */
export function openStderr(): LogOutput {
  if (isatty(STDERR)) {
    try {
      // A write to a terminal with paused output blocks, unless it is opened again as non-blocking.
      return openFile('/dev/stderr');
    } catch {
      // The terminal belongs to another user, for example under su.
    }
  }
  return isStream() ? stderrStream() : {write: writeToStderr};
}

/** Writes at the offset that all writers to the same open file share. */
function writeToStderr(bytes: Buffer, done: WriteCallback): void {
  write(STDERR, bytes, done);
}

/** Uses the stream of Node, which never blocks on a pipe or socket and buffers unread bytes. */
function stderrStream(): LogOutput {
  // The callback reports errors; without a listener Node would end the process.
  process.stderr.on('error', () => undefined);
  return {
    write: (bytes, done) => {
      process.stderr.write(bytes, (error) => {
        done(error, bytes.length);
      });
    },
  };
}

function isStream(): boolean {
  const stat = fstatSync(STDERR);
  return stat.isFIFO() || stat.isSocket();
}

/** @throws if `openFile` could neither open nor create the file; creates none */
export function assertWritable(path: string): void {
  try {
    closeSync(openSync(path, APPEND));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  }
}

const {O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY} = constants;
const APPEND = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY;

function openToAppend(path: string): number {
  return openSync(path, APPEND | O_CREAT, 0o666);
}
