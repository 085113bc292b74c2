import {toUniqueIDError, UniqueIDError} from '../../lib/core/errors.js';
import {toErrorDocument, formatErrorLines} from '../terminal/error-format.js';
import {printStderrLines, terminalWidth} from './stderr.js';
import {printExact} from './stdout.js';
import {hasColour} from '../terminal/traits.js';

/** Prints a failure, in two lines for a person or as JSON for a script, and sets the exit status. */
export function reportError(thrown: unknown, json: boolean): void {
  const error = fromPromptError(thrown) ?? toUniqueIDError(thrown);
  process.exitCode = error.exitStatus;
  // Stdout cannot be written, so the error goes to stderr.
  if (json && error.code !== 'OUTPUT_FAILED')
    printExact(`${JSON.stringify({error: toErrorDocument(error)}, undefined, 2)}\n`);
  else printStderrLines(formatErrorLines(error, hasColour(process.stderr, process.env), terminalWidth()));
}

/** Translates the error that Inquirer throws if Ctrl-C ends a prompt. */
function fromPromptError(thrown: unknown): UniqueIDError | undefined {
  return thrown instanceof Error && thrown.name === 'ExitPromptError'
    ? new UniqueIDError('INTERRUPTED', 'Interrupted; nothing was changed.', {cause: thrown})
    : undefined;
}
