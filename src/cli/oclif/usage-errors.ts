import {UniqueIDError} from '../../lib/core/errors.js';
import {nearest} from '../../lib/util/text/nearest-word.js';
import {quoteTyped, redactMessage} from '../../lib/util/text/redact.js';
import {suggestGetid} from '../getid/suggestion.js';
import type {Manifest} from './manifest.js';

/** The fields of oclif's errors that say what failed; oclif does not document its error classes. */
interface OclifError extends Error {
  readonly code?: string;
  readonly oclif?: {readonly exit?: number};
  /** The unknown flags, as typed. */
  readonly flags?: unknown;
  /** The unexpected arguments, as typed. */
  readonly args?: unknown;
  readonly parse?: {readonly input?: ParserInput; readonly output?: ParserOutput};
}

interface ParserInput {
  readonly flags?: Readonly<
    Record<string, {readonly exclusive?: readonly string[]; readonly dependsOn?: readonly string[]}>
  >;
}

interface ParserOutput {
  /** The value of each flag, defaults included. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly metadata?: {readonly flags?: Readonly<Record<string, {readonly setFromDefault?: boolean}>>};
}

/** Returns the exit status that oclif requests, for example after a help text; `undefined` for a failure. */
export function requestedExit(thrown: unknown): number | undefined {
  const {code, oclif} = thrown as OclifError;
  return code === 'EEXIT' ? (oclif?.exit ?? 0) : undefined;
}

/**
 * Turns a usage error that oclif throws while it parses a command's flags into a `UniqueIDError`. Returns any
 * other error unchanged.
 */
export function toUsageError(thrown: unknown, command = ''): unknown {
  if (!isUsageError(thrown)) return thrown;
  const hint = `Run "uniqueid ${command} --help" for usage.`;
  return (
    unknownFlagError(thrown, hint) ??
    unexpectedArgumentsError(thrown.args, suggestionOr(hint, command, thrown)) ??
    conflictError(thrown.parse) ??
    otherError(thrown, hint)
  );
}

/**
 * Turns a usage error that oclif throws before any command runs into a `UniqueIDError`. Returns any other
 * error unchanged.
 *
 * @param argv the words of the command line
 */
export function toCommandError(thrown: unknown, argv: readonly string[], {commands}: Manifest): unknown {
  if (!isUsageError(thrown)) return thrown;
  const end = argv.findIndex((word, index) => index > 0 && word.startsWith('-'));
  const [name = '', ...rest] = end < 0 ? argv : argv.slice(0, end);
  // oclif treats words after a command without arguments as a part of the command's name.
  if (Object.hasOwn(commands, name)) {
    const hint = `Run "uniqueid ${name} --help" for usage.`;
    return unexpectedArgumentsError(rest, suggestionOr(hint, name, {args: rest})) ?? otherError(thrown, hint);
  }
  return unknownCommandError(name, Object.keys(commands));
}

/** @param known the words that could be meant */
export function unknownCommandError(name: string, known: readonly string[]): UniqueIDError {
  const what = name.startsWith('-') ? `flag ${flagName(name)}` : `command ${quoteTyped(name)}`;
  return new UniqueIDError('USAGE', `Unknown ${what}.`, {
    hint: `${didYouMean(nearest(name, known))}Run "uniqueid --help" to list the commands.`,
  });
}

/** Returns the suggestion for arguments of `getid`, such as `getid file 10`; else the hint. */
function suggestionOr(hint: string, command: string, {args, parse}: Partial<OclifError>): string {
  const mode = parse?.output?.flags?.['mode'];
  if (command !== 'getid' || !Array.isArray(args)) return hint;
  const suggestion = suggestGetid(args.map(String), typeof mode === 'string' ? mode : undefined);
  return suggestion === undefined ? hint : `Run: ${redactMessage(suggestion)}`;
}

function isUsageError(thrown: unknown): thrown is OclifError {
  return thrown instanceof Error && (thrown as OclifError).oclif?.exit === 2;
}

function unknownFlagError({flags, parse}: OclifError, hint: string): UniqueIDError | undefined {
  if (!Array.isArray(flags)) return undefined;
  const typed = flagName(String(flags[0]));
  const known = Object.keys(parse?.input?.flags ?? {}).map((name) => `--${name}`);
  const suggestion = typed.startsWith('--') ? nearest(typed, known) : undefined;
  return new UniqueIDError('USAGE', `Unknown flag ${typed}.`, {hint: `${didYouMean(suggestion)}${hint}`});
}

/** Returns the name of a typed flag. The value behind it may be a secret: `-phush`, `--db=hush`. */
function flagName(typed: string): string {
  return /^--[\p{L}\p{N}_-]*|^-./u.exec(typed)?.[0] ?? '-';
}

function unexpectedArgumentsError(args: unknown, hint: string): UniqueIDError | undefined {
  if (!Array.isArray(args) || args.length === 0) return undefined;
  const noun = args.length === 1 ? 'argument' : 'arguments';
  return new UniqueIDError('USAGE', `Unexpected ${noun} ${quoteTyped(args.join(' '))}.`, {hint});
}

/** Finds two flags that exclude each other, or a flag without another that it needs. */
function conflictError(parse: OclifError['parse']): UniqueIDError | undefined {
  const {flags = {}, metadata} = parse?.output ?? {};
  const given = Object.keys(flags).filter(
    (name) => flags[name] !== undefined && metadata?.flags?.[name]?.setFromDefault !== true,
  );
  for (const name of given) {
    const {exclusive = [], dependsOn = []} = parse?.input?.flags?.[name] ?? {};
    const other = given.find((each) => exclusive.includes(each));
    if (other !== undefined) {
      return new UniqueIDError('USAGE', `--${name} cannot be combined with --${other}.`, {
        hint: 'Pass only one of them.',
      });
    }
    const missing = dependsOn.find((each) => !given.includes(each));
    if (missing !== undefined) {
      return new UniqueIDError('USAGE', `--${name} needs --${missing}.`, {
        hint: `Pass --${missing} too, or omit --${name}.`,
      });
    }
  }
  return undefined;
}

/** Shows the first line of oclif's text, which is all that it offers. The other lines point to its help. */
function otherError({message}: Error, hint: string): UniqueIDError {
  const [first = ''] = message.split('\n');
  return new UniqueIDError('USAGE', `${redactMessage(first)}.`, {hint});
}

function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `Did you mean ${name}? `;
}
