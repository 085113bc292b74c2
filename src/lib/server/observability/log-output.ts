import {closeSync, constants, fstatSync, openSync, write} from 'node:fs';
import {isatty} from 'node:tty';

/** The end of a write: how many bytes were taken, or why none were. */
type Written = (error: NodeJS.ErrnoException | null | undefined, bytes: number) => void;

/** Where the bytes of a log go. */
export interface LogOutput {
  /** Writes all or a part of it, and never waits for a reader. */
  readonly write: (bytes: Buffer, written: Written) => void;
  /** Opens the file by its name again. @throws if that fails; the old file stays open then */
  readonly reopen?: () => void;
}

/**
 * Opens a file to append to. The system answers EAGAIN if the path leads to a pipe or a terminal that nobody reads:
 * a thread that waited for a reader would keep the process from ending.
 */
export function openFile(path: string): LogOutput {
  let descriptor = openToAppend(path);
  return {
    write: (bytes, written) => {
      write(descriptor, bytes, written);
    },
    reopen: () => {
      const old = descriptor;
      descriptor = openToAppend(path);
      closeSync(old);
    },
  };
}

const STDERR = 2;

/** Opens stderr, whatever it is. */
export function openStderr(): LogOutput {
  if (isatty(STDERR)) {
    try {
      // A terminal whose output is paused blocks a write, unless it is opened anew for this.
      return openFile('/dev/stderr');
    } catch {
      // It belongs to another user, as below su.
    }
  }
  return isStream() ? stderrStream() : {write: writeToStderr};
}

/** Writes with the offset that others share who write to the same file. */
function writeToStderr(bytes: Buffer, written: Written): void {
  write(STDERR, bytes, written);
}

/** Node writes to a pipe or socket without blocking, and keeps what is not read yet. */
function stderrStream(): LogOutput {
  // The callback tells of errors; without a listener Node would end the process.
  process.stderr.on('error', () => undefined);
  return {
    write: (bytes, written) => {
      process.stderr.write(bytes, (error) => {
        written(error, bytes.length);
      });
    },
  };
}

function isStream(): boolean {
  const stat = fstatSync(STDERR);
  return stat.isFIFO() || stat.isSocket();
}

function openToAppend(path: string): number {
  const {O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY} = constants;
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o666);
}
