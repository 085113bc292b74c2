import {writeSync} from 'node:fs';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {UniqueIDError} from '../../lib/core/errors.js';
import type {Visible} from '../../lib/util/visible.js';

const STDOUT = 1;

let isWatched = false;
let failure: NodeJS.ErrnoException | undefined;
/** True once a command has failed for it. */
let isTold = false;
let lossMessage: string | undefined;

/** Keeps the first failure of stdout, whoever writes to it: Node would end the process at it, with a stack. */
export function watchStdout(): void {
  if (isWatched) return;
  isWatched = true;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => (failure ??= error));
}

/** Writes data for programs to stdout, as it is. A failure is told at the end of the command. */
export function printExact(text: string): void {
  watchStdout();
  process.stdout.write(text);
}

/** Writes lines for people to stdout. */
export function printLines(lines: readonly Visible[]): void {
  for (const line of lines) printExact(`${line}\n`);
}

/** True for an error of stdout that is told at the end anyway. */
export function isStdoutFailure(error: unknown): boolean {
  return error !== undefined && error === failure;
}

/** True once nothing more can be written. */
export function hasStdoutFailed(): boolean {
  return failure !== undefined;
}

/** Sets what is told if the output of this command is lost from now on, also if its reader has gone. */
export function setLossMessage(message: string): void {
  lossMessage = message;
}

/**
 * Waits until all that was printed is written.
 *
 * @throws UniqueIDError `OUTPUT_FAILED` if some of it is lost; a reader that has gone, as `head` does, has what it wanted
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
  // Node tells of an error after the write.
  await nextTurn();
  if (failure === undefined || isTold || (failure.code === 'EPIPE' && lossMessage === undefined)) return;
  throw outputFailed(lossMessage ?? 'Stdout cannot be written', failure);
}

/**
 * Checks before something is done that its result can be told. Not every stdout that fails is found: a full file system
 * and a pipe without a reader fail only at the first byte.
 *
 * @throws UniqueIDError `OUTPUT_FAILED`
 */
export function assertStdoutOpen(): void {
  try {
    writeSync(STDOUT, '');
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code !== 'EAGAIN')
      throw outputFailed('Stdout cannot be written; nothing was changed', error as NodeJS.ErrnoException);
  }
}

/** Makes the error of output that is lost; it is told once. */
export function outputFailed(what: string, {code = 'unknown'}: NodeJS.ErrnoException): UniqueIDError {
  isTold = true;
  return new UniqueIDError('OUTPUT_FAILED', `${what} (${code}).`);
}
