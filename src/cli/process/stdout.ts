import {fstatSync, readSync, statSync, writeSync} from 'node:fs';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {UniqueIDError} from '../../lib/core/errors.js';
import type {Visible} from '../../lib/util/text/visible.js';

const STDOUT = 1;

let isWatched = false;
let failure: NodeJS.ErrnoException | undefined;
/** True after an error object was made for the failure, so that it is reported once. */
let isReported = false;
let lossMessage: string | undefined;

/**
 * Keeps the first failure of stdout, also of a write by a library; Node would end the process with a stack
 * trace.
 */
export function watchStdout(): void {
  if (isWatched) return;
  isWatched = true;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => (failure ??= error));
}

/** Writes data for programs to stdout, unchanged; `assertPrinted` reports a failure. */
export function printExact(text: string): void {
  watchStdout();
  process.stdout.write(text);
}

export function printLines(lines: readonly Visible[]): void {
  for (const line of lines) printExact(`${line}\n`);
}

/** Returns whether `assertPrinted` reports this error. */
export function isStdoutFailure(error: unknown): boolean {
  return error !== undefined && error === failure;
}

export function hasStdoutFailed(): boolean {
  return failure !== undefined;
}

/** Sets the message for output that is lost from now on; a closed pipe then counts as a loss. */
export function setLossMessage(message: string): void {
  lossMessage = message;
}

/**
 * Waits until all output is written.
 *
 * @throws UniqueIDError `OUTPUT_FAILED` if output is lost; a pipe closed by its reader, such as `head`, is no
 *   loss
 */
export async function assertPrinted(): Promise<void> {
  if (!isWatched) return;
  if (process.stdout.writableLength > 0) {
    await new Promise<void>((resolve) => {
      process.stdout.write('', () => {
        resolve();
      });
    });
  }
  // Node emits an error one turn after the write.
  await nextTurn();
  if (failure === undefined || isReported || (failure.code === 'EPIPE' && lossMessage === undefined)) return;
  throw createLostOutputError(lossMessage ?? 'Cannot write to stdout', failure);
}

/**
 * Rejects a closed stdout before a command changes anything. Cannot find every failure: a full file system
 * and a pipe without a reader fail only at the first byte.
 *
 * @throws UniqueIDError `OUTPUT_FAILED`
 */
export function assertStdoutOpen(): void {
  if (isReplaced())
    throw createLostOutputError(
      'Stdout is closed, or /dev/null is open for reading too; nothing was changed',
      {code: 'EBADF'},
    );
  try {
    writeSync(STDOUT, '');
  } catch (error) {
    const {code = 'unknown'} = error as NodeJS.ErrnoException;
    if (code !== 'EAGAIN') throw createLostOutputError('Cannot write to stdout; nothing was changed', {code});
  }
}

/**
 * Returns whether stdout was closed: Node then opens /dev/null for reading and writing. The one that a shell
 * opens for `>/dev/null` cannot be read. Another program may have opened it for both, such as Python's
 * `DEVNULL`; the two look the same.
 */
function isReplaced(): boolean {
  const stats = fstatSync(STDOUT);
  if (!stats.isCharacterDevice() || process.platform === 'win32') return false;
  if (stats.rdev !== statSync('/dev/null').rdev) return false;
  try {
    readSync(STDOUT, Buffer.alloc(1));
    return true;
  } catch {
    return false;
  }
}

/** Returns the error for lost output, and keeps `assertPrinted` from reporting it again. */
export function createLostOutputError(
  what: string,
  {code = 'unknown'}: Pick<NodeJS.ErrnoException, 'code'>,
): UniqueIDError {
  isReported = true;
  return new UniqueIDError('OUTPUT_FAILED', `${what} (${code}).`);
}
