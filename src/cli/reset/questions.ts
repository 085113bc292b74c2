import {UniqueIDError} from '../../lib/core/errors.js';
import {planReset, type ResetMove, type ResetTarget} from '../../lib/operations/reset.js';
import type {Counter, Store} from '../../lib/store/store.js';
import {printStderrLines} from '../process/stderr.js';
import {colours} from '../terminal/colour.js';
import {formatInteger} from '../../lib/util/text/numbers.js';
import {consequenceLines, describeBackward} from './screen.js';
import {parseTypedTarget} from './target.js';

/** Asks which of the existing modes to reset. */
export async function askForMode(store: Store): Promise<string> {
  const [{pickMode}, counters] = await Promise.all([import('../terminal/pick-mode.js'), store.counters()]);
  if (counters.length === 0)
    throw new UniqueIDError('UNKNOWN_MODE', `The database ${store.location} has no modes yet.`, {
      hint: 'The first getid for a mode creates it.',
    });
  return pickMode(
    'Which mode do you want to reset? (type to search)',
    counters.map(({mode}) => mode),
  );
}

/** Asks for the target of a reset, and checks what is typed at each key. */
export async function askForTarget(counters: readonly Counter[], location: string): Promise<ResetTarget> {
  const {askChecked} = await import('../terminal/prompts.js');
  const [{mode, next} = {mode: '', next: undefined}, ...others] = counters;
  const current = next === undefined ? 'damaged' : formatInteger(next);
  const subject = others.length === 0 ? `${mode} (now ${current})` : `${counters.length} modes`;
  const typed = await askChecked({
    message: `Next index of ${subject}:`,
    help: 'N moves exactly to N; >=N raises to N, never lowers; +N moves forward by N',
    findProblem: (text) => findTargetProblem(text, counters, location),
  });
  return parseTypedTarget(typed.trim());
}

/** The flags and the place that decide whether a reset asks. */
export interface Permission {
  /** The database, if every counter of it is moved. */
  readonly database: string | undefined;
  readonly yes: boolean;
  readonly allowDuplicates: boolean;
  readonly isInteractive: boolean;
}

/**
 * Makes sure that these moves are wanted. A move forward needs a yes or `--yes`. A move back needs the typed
 * name or number, or both `--yes` and `--allow-duplicates`.
 *
 * @throws UniqueIDError `REJECTED` unless they are confirmed
 */
export async function confirmReset(changes: readonly ResetMove[], permission: Permission): Promise<void> {
  const {yes, allowDuplicates, isInteractive, database} = permission;
  const backward = changes.filter((move) => move.backward);
  if (yes && (allowDuplicates || backward.length === 0)) return;
  if (!isInteractive) throw yes ? duplicatesError(backward) : noTerminalError(backward);
  if (!process.stdout.isTTY)
    printStderrLines(consequenceLines(changes, {width: undefined, colour: colours(process.stderr)}));
  if (!(await isConfirmed(backward, database)))
    throw new UniqueIDError('REJECTED', 'Not confirmed; nothing was changed.', {
      hint: 'Run it again and answer y, or type the name or number exactly as shown.',
    });
}

async function isConfirmed(backward: readonly ResetMove[], database: string | undefined): Promise<boolean> {
  const {askToType, askYesNo} = await import('../terminal/prompts.js');
  if (backward.length === 0) return askYesNo('Move forward?');
  if (database !== undefined) {
    const count = String(backward.length);
    return askToType(`Type the number of modes to move back in ${database} (${count}):`, count);
  }
  for (const {mode} of backward)
    if (!(await askToType(`Type the name of the mode to confirm (${mode}):`, mode))) return false;
  return true;
}

function findTargetProblem(text: string, counters: readonly Counter[], location: string): string | undefined {
  try {
    planReset(counters, parseTypedTarget(text.trim()), location);
    return undefined;
  } catch (error) {
    if (error instanceof UniqueIDError) return error.message;
    throw error;
  }
}

function noTerminalError(backward: readonly ResetMove[]): UniqueIDError {
  const flags = backward.length === 0 ? '--yes' : '--yes and --allow-duplicates';
  return new UniqueIDError('REJECTED', 'No terminal to confirm on; nothing was changed.', {
    hint: `Run it on a terminal, or pass ${flags} if you are sure.`,
  });
}

function duplicatesError(backward: readonly ResetMove[]): UniqueIDError {
  return new UniqueIDError('REJECTED', `${describeBackward(backward)} Nothing was changed.`, {
    hint: 'Pass --at-least N to raise counters only, or --allow-duplicates too if you accept duplicates.',
  });
}
