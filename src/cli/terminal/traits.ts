/** What of a stream matters for what is written to it. */
export interface StreamTraits {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Whether a person can be asked: questions are written to stderr and answered on stdin, so both must be
 * a terminal, and nothing may have said that this is a script.
 */
export function canPrompt(json: boolean): boolean {
  return !json && process.stdin.isTTY && process.stderr.isTTY && !isSet(process.env['CI']);
}

/** Whether to colour what goes to a stream: `FORCE_COLOR`, then `NO_COLOR`, then what the stream is. */
export function wantsColour(stream: StreamTraits, env: NodeJS.ProcessEnv): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (isSet(env['NO_COLOR']) || env['TERM'] === 'dumb') return false;
  return stream.isTTY === true;
}

/** Set, and to something that does not mean no. */
function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '' && variable !== '0' && variable !== 'false';
}
