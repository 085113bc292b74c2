import {modeFilter, type ModeFilter} from '../core/mode-filter.js';
import {fieldName, fieldValue} from '../util/http-field.js';
import {parseWholeNumber} from '../util/whole-number.js';
import {parsePythonLiteral} from './python/literal.js';
import {parseServiceUrl} from './service-url.js';

/** Thrown by a parser; `allowed` completes the sentence "It must be …". */
export class InvalidValue extends Error {
  constructor(readonly allowed: string) {
    super(`must be ${allowed}`);
  }
}

/** Parses the text of a setting, or throws `InvalidValue`. */
export type Parser<T> = (text: string) => T;

/** Parses exactly at any size, for counters. */
export function wholeNumber(min: bigint, max: bigint): Parser<bigint> {
  return (text) => {
    const value = parseWholeNumber(text, min, max);
    if (value === undefined) throw new InvalidValue(`a whole number from ${min} to ${max}`);
    return value;
  };
}

/** Parses numbers of things on this machine: ports, attempts, places in a queue. */
export function smallNumber(min: number, max: number): Parser<number> {
  const read = wholeNumber(BigInt(min), BigInt(max));
  return (text) => Number(read(text));
}

/** Parses seconds, which are easier to write in a file, into milliseconds, which timers take. */
export function seconds(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^[0-9]+(?:\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw new InvalidValue(`a number of seconds from ${min} to ${max}, such as 0.5`);
    return Math.round(value * 1000);
  };
}

/** Accepts the words of Python's `getboolean`. */
export const boolean: Parser<boolean> = (text) => {
  const word = text.toLowerCase();
  if (['true', 'yes', 'on', '1'].includes(word)) return true;
  if (['false', 'no', 'off', '0'].includes(word)) return false;
  throw new InvalidValue('true or false');
};

/** The severities of log records, the least severe first. */
const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Parses the name of a severity, in any case. */
export const logLevel: Parser<LogLevel> = (text) => {
  const level = logLevels.find((each) => each === text.toLowerCase());
  if (level === undefined) throw new InvalidValue(`one of ${logLevels.join(', ')}`);
  return level;
};

const regressionPolicies = ['raise', 'stop'] as const;

/** Parses what happens to a counter below its high-water mark, in any case. */
export const regressionPolicy: Parser<(typeof regressionPolicies)[number]> = (text) => {
  const policy = regressionPolicies.find((each) => each === text.toLowerCase());
  if (policy === undefined) throw new InvalidValue(`one of ${regressionPolicies.join(', ')}`);
  return policy;
};

/** Parses a path; an empty text means no path, as in CherryPy. */
export const optionalPath: Parser<string | undefined> = (text) => (text === '' ? undefined : text);

/**
 * Parses the address of a service; an empty text means none.
 *
 * @throws UniqueIDError `USAGE` without a password in it
 */
export const optionalServer: Parser<string | undefined> = (text) => {
  if (text === '') return undefined;
  parseServiceUrl(text);
  return text;
};

/** Parses a list of modes; only an empty text allows all. */
export const modeList: Parser<ModeFilter | undefined> = (text) => {
  const filter = modeFilter(text);
  if (filter === undefined && text.trim() !== '')
    throw new InvalidValue("a comma-separated list of modes, such as 'file, upload_*', or empty for all");
  return filter;
};

/** Parses a host name or address to listen on. */
export const hostAddress: Parser<string> = (text) => {
  if (!/^[0-9A-Za-z.:_%-]+$/.test(text))
    throw new InvalidValue("a host name or address, such as '127.0.0.1', '0.0.0.0' or '::'");
  return text;
};

/** Parses names as a `Host` header holds them, without ports; returns them in lower case. */
export const hostNames: Parser<readonly string[]> = (text) => {
  const names = text
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.some((name) => !/^[0-9a-z_-]+(?:\.[0-9a-z_-]+)*$/.test(name)))
    throw new InvalidValue("a comma-separated list of host names without ports, such as 'ids.example.org'");
  return names;
};

/** Parses header names and values in the form of CherryPy's `tools.response_headers.headers`. */
export const headerList: Parser<readonly (readonly [string, string])[]> = (text) => {
  const list = text === '' ? [] : parsePythonLiteral(text);
  if (!Array.isArray(list)) throw notHeaders();
  return list.map((item: unknown) => {
    const [name, value] = Array.isArray(item) && item.length === 2 ? (item as unknown[]) : [];
    if (typeof name !== 'string' || typeof value !== 'string') throw notHeaders();
    if (!fieldName.test(name) || !fieldValue.test(value)) throw notHeaders();
    return [name, value] as const;
  });
};

function notHeaders(): InvalidValue {
  return new InvalidValue(
    "a list of header names and values, such as [('Content-Type', 'application/json')]",
  );
}
