import {createRequire} from 'node:module';
import {UniqueIDError} from '../../lib/core/errors.js';
import {nearest} from '../../lib/util/nearest-word.js';
import {redactMessage} from '../../lib/util/redact.js';

/** The fields of oclif's errors that say what failed; oclif does not document its error classes. */
interface OclifError extends Error {
  readonly code?: string;
  readonly oclif?: {readonly exit?: number};
  /** The unknown flags, as typed. */
  readonly flags?: unknown;
  readonly parse?: {
    readonly input?: {readonly flags?: Readonly<Record<string, {readonly char?: string}>>};
  };
}

/** Returns the exit status that oclif requests, for example after a help text; `undefined` for a failure. */
export function requestedExit(thrown: unknown): number | undefined {
  const {code, oclif} = thrown as OclifError;
  return code === 'EEXIT' ? (oclif?.exit ?? 0) : undefined;
}

/**
 * Turns a usage error of oclif into a `UniqueIDError` with the nearest name; returns any other error
 * unchanged.
 */
export function toUsageError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || (thrown as OclifError).oclif?.exit !== 2) return thrown;
  return unknownCommandError(thrown) ?? unknownFlagError(thrown) ?? otherUsageError(thrown);
}

function unknownCommandError(thrown: Error): UniqueIDError | undefined {
  const name = /^command (.*) not found$/.exec(thrown.message)?.[1];
  if (name === undefined) return undefined;
  const {commands} = createRequire(import.meta.url)('uniqueid/oclif.manifest.json') as {commands: object};
  const known = Object.keys(commands);
  return new UniqueIDError(
    'USAGE',
    `There is no command ${JSON.stringify(redactMessage(name).replaceAll(':', ' '))}.`,
    {
      hint: `${didYouMean(nearest(name.replaceAll(':', ' '), known))}"uniqueid --help" lists the commands.`,
    },
  );
}

function unknownFlagError(thrown: OclifError): UniqueIDError | undefined {
  const {flags} = thrown;
  if (!Array.isArray(flags)) return undefined;
  const [typed = ''] = String(flags[0]).split('=', 1);
  const known = Object.keys(thrown.parse?.input?.flags ?? {}).map((name) => `--${name}`);
  return new UniqueIDError('USAGE', `There is no flag ${typed} for this command.`, {
    hint: `${didYouMean(typed.startsWith('--') ? nearest(typed, known) : undefined)}Run it with --help to see its flags.`,
  });
}

function otherUsageError(thrown: Error): UniqueIDError {
  const [first = '', ...rest] = thrown.message
    .split('\n')
    .filter((line) => !line.trim().startsWith('See more help'));
  const message = [first, ...rest.map((line) => line.trim())].filter((line) => line !== '').join(' ');
  return new UniqueIDError('USAGE', redactMessage(message), {
    hint: 'Run the command with --help to see how it is used.',
  });
}

function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `Did you mean ${name}? `;
}
