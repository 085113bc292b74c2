/** The properties of a stream that decide its format. */
export interface StreamTraits {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Returns whether the command can prompt. Prompts use stderr and stdin, so both must be terminals, and
 * neither `--json` nor `CI` may mark a script.
 */
export function canPrompt(json: boolean): boolean {
  return !json && process.stdin.isTTY && process.stderr.isTTY && !isTruthy(process.env['CI']);
}

/** Returns whether to colour a stream: `FORCE_COLOR` decides, then `NO_COLOR` and `TERM`, then the stream. */
export function hasColour(stream: StreamTraits, env: NodeJS.ProcessEnv): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (isTruthy(env['NO_COLOR']) || env['TERM'] === 'dumb') return false;
  return stream.isTTY === true;
}

function isTruthy(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '' && variable !== '0' && variable !== 'false';
}
