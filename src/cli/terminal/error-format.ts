import {errorTable, type UniqueIDError} from '../../lib/core/errors.js';
import {visible, type Visible} from '../../lib/util/text/visible.js';
import {wrapWords} from './wrap-words.js';

/** A failure as `--json` prints it. */
export interface ErrorDocument {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly exit: number;
}

export function toErrorDocument(error: UniqueIDError): ErrorDocument {
  return {
    code: error.code,
    message: fullMessage(error),
    ...(error.hint === undefined ? {} : {hint: error.hint}),
    exit: errorTable[error.code].exit,
  };
}

/**
 * Formats a failure for a person: what happened, then what to do.
 *
 * @param width columns of the terminal; longer texts continue below, indented. `undefined` without a terminal
 */
export function formatErrorLines(error: UniqueIDError, colour: boolean, width?: number): Visible[] {
  const [red, dim, reset] = colour ? ['\u001B[31m', '\u001B[2m', '\u001B[39m\u001B[22m'] : ['', '', ''];
  const room = width === undefined ? undefined : Math.max(20, width - INDENT.length);
  const wrapAfterLabel = (label: string, text: string): Visible[] =>
    wrapWords(visible(text), room).map((line, index) => `${index === 0 ? label : INDENT}${line}` as Visible);
  const first = wrapAfterLabel(`${red}Error:${reset} `, fullMessage(error));
  return error.hint === undefined
    ? first
    : [...first, ...wrapAfterLabel(`${dim}Try:${reset}   `, error.hint)];
}

/** As wide as both labels. */
const INDENT = ' '.repeat('Error: '.length);

/** Adds the cause to an unexpected error, because only the person at the command line can report it. */
function fullMessage(error: UniqueIDError): string {
  if (error.code !== 'UNEXPECTED' || !(error.cause instanceof Error)) return error.message;
  return `${error.message} ${error.cause.message}`;
}
