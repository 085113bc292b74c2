import {toUniqueIDError, UniqueIDError} from '../../lib/core/errors.js';
import {toErrorDocument, formatErrorLines} from '../terminal/error-format.js';
import {printErrorLines, terminalWidth} from './stderr.js';
import {printExact} from './stdout.js';
import {wantsColour} from '../terminal/traits.js';

/** Tells of a failure, for a person in two lines or for a script in JSON, and sets the exit status. */
export function reportError(thrown: unknown, json: boolean): void {
  const error = ofPrompt(thrown) ?? toUniqueIDError(thrown);
  process.exitCode = error.exitStatus;
  // There is no document on a stdout that cannot be written.
  if (json && error.code !== 'OUTPUT_FAILED')
    printExact(`${JSON.stringify({error: toErrorDocument(error)}, undefined, 2)}\n`);
  else printErrorLines(formatErrorLines(error, wantsColour(process.stderr, process.env), terminalWidth()));
}

/** Inquirer's way to say that Ctrl-C was pressed at a question. */
function ofPrompt(thrown: unknown): UniqueIDError | undefined {
  return thrown instanceof Error && thrown.name === 'ExitPromptError'
    ? new UniqueIDError('INTERRUPTED', 'Interrupted; nothing was changed.', {cause: thrown})
    : undefined;
}
