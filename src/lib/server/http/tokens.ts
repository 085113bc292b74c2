import {createHash, timingSafeEqual} from 'node:crypto';
import {modeFilter, type ModeFilter} from '../../core/mode-filter.js';
import {MAX_COUNTER} from '../../core/range.js';
import {parsePythonIni} from '../../config/python/ini.js';
import {UniqueIDError} from '../../core/errors.js';
import {nearest} from '../../util/text/nearest-word.js';
import {READ_HINT, readText, UnreadableFile} from '../../util/read-file.js';
import {parseWholeNumber} from '../../util/whole-number.js';
import {assertOwnerWrites} from '../../config/secret-files.js';

/** The holder of a token, and what the token allows. */
export interface Token {
  readonly name: string;
  readonly allowedModes: ModeFilter | undefined;
  /** The largest range of one request; `undefined` for the limit of the service. */
  readonly maxRange: bigint | undefined;
}

interface Entry extends Token {
  readonly digest: Buffer;
}

const keys = ['token', 'token_sha256', 'modes', 'max_range'];

/**
 * The tokens of a file: one section per holder, with `token` or `token_sha256`. Optional `modes` and
 * `max_range` limit a token. A presented token is compared by its hash with all of them, in constant time.
 */
export class Tokens {
  readonly #path: string;
  #entries: readonly Entry[];

  /** @throws UniqueIDError `CONFIG_INVALID` */
  constructor(path: string) {
    this.#path = path;
    this.#entries = readEntries(path);
  }

  /**
   * Reads the file again; the returned function puts it into effect.
   *
   * @throws UniqueIDError `CONFIG_INVALID`
   */
  read(): () => void {
    const entries = readEntries(this.#path);
    return () => {
      this.#entries = entries;
    };
  }

  get count(): number {
    return this.#entries.length;
  }

  /** @param authorization the header of that name */
  isKnown(authorization: string | undefined): boolean {
    return this.#find(authorization) !== undefined;
  }

  /**
   * @param authorization the header of that name
   * @throws UniqueIDError `UNAUTHORIZED`
   */
  authenticate(authorization: string | undefined): Token {
    if (bearerToken(authorization) === undefined) {
      throw new UniqueIDError('UNAUTHORIZED', 'This service requires a token.', {
        hint: 'Send "Authorization: Bearer TOKEN".',
      });
    }
    const found = this.#find(authorization);
    if (found === undefined) {
      throw new UniqueIDError('UNAUTHORIZED', 'Unknown token.', {
        hint: 'Ask the operator of this service for a token.',
      });
    }
    return found;
  }

  #find(authorization: string | undefined): Entry | undefined {
    const token = bearerToken(authorization);
    if (token === undefined) return undefined;
    const digest = sha256(token);
    let found: Entry | undefined;
    // Compares with every entry, even after a match, so that the time reveals nothing.
    for (const entry of this.#entries) if (timingSafeEqual(entry.digest, digest)) found = entry;
    return found;
  }
}

function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

function readEntries(path: string): readonly Entry[] {
  const entries = parseTokens(readTokensFile(path), path);
  if (entries.length === 0) throw invalid(path, 'the file contains no token', '');
  return entries;
}

/**
 * Parses the text of a tokens file, which may be empty.
 *
 * @param path the name of the file, for errors
 * @throws UniqueIDError `CONFIG_INVALID`
 */
export function parseTokens(text: string, path: string): readonly Entry[] {
  const entries: Entry[] = [];
  const holders = new Map<string, string>();
  for (const [name, values] of parsePythonIni(text, path)) {
    for (const [key, {line}] of values) {
      // The message does not repeat the key: it may be a token alone on its line.
      if (!keys.includes(key)) throw invalid(`${path}:${line}`, 'unknown key of a token', key);
    }
    const value = (key: string): string | undefined => values.get(key)?.text;
    const location = `${path}: [${name}]`;
    const digest = parseDigest(value('token'), value('token_sha256'), location);
    const duplicate = holders.get(digest.toString('hex'));
    if (duplicate !== undefined) throw invalid(path, `[${duplicate}] and [${name}] have the same token`, '');
    holders.set(digest.toString('hex'), name);
    entries.push({
      name,
      digest,
      allowedModes: parseModes(value('modes'), location),
      maxRange: maxRangeOf(value('max_range'), location),
    });
  }
  return entries;
}

/**
 * Reads a tokens file that only its owner may write.
 *
 * @throws UniqueIDError `CONFIG_INVALID`
 */
export function readTokensFile(path: string): string {
  try {
    const text = readText(path);
    assertOwnerWrites({name: 'tokens_file', path, isSecret: true});
    return text;
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new UniqueIDError('CONFIG_INVALID', `Cannot read tokens_file ${path}: ${error.message}.`, {
      cause: error,
      hint: READ_HINT,
    });
  }
}

function parseDigest(token: string | undefined, hash: string | undefined, location: string): Buffer {
  if ((token === undefined) === (hash === undefined))
    throw invalid(location, 'set exactly one of token and token_sha256', '');
  if (hash !== undefined) {
    if (!/^[0-9a-f]{64}$/i.test(hash))
      throw invalid(location, 'token_sha256 must be 64 hexadecimal digits', '');
    return Buffer.from(hash, 'hex');
  }
  if (token === undefined || !/^\S{16,}$/.test(token))
    throw invalid(location, 'a token needs 16 or more characters and no spaces', '');
  return sha256(token);
}

/** Rejects an empty list: it may be a mistake, and must not allow every mode as a missing key does. */
function parseModes(text: string | undefined, location: string): ModeFilter | undefined {
  if (text === undefined) return undefined;
  const filter = modeFilter(text);
  if (filter !== undefined) return filter;
  throw invalid(location, 'modes is empty; remove the key to allow all modes', '');
}

/** Parses the most integers of one request; returns `undefined` for anything but a count from 1 on. */
export function parseMaxRange(text: string): bigint | undefined {
  return parseWholeNumber(text, 1n, MAX_COUNTER);
}

function maxRangeOf(text: string | undefined, location: string): bigint | undefined {
  if (text === undefined) return undefined;
  const maxRange = parseMaxRange(text);
  if (maxRange !== undefined) return maxRange;
  throw invalid(location, `max_range must be a whole number from 1 to ${MAX_COUNTER}`, '');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function invalid(location: string, problem: string, key: string): UniqueIDError {
  const suggestion = key === '' ? undefined : nearest(key, keys);
  return new UniqueIDError('CONFIG_INVALID', `${location}: ${problem}.`, {
    hint:
      (suggestion === undefined ? '' : `Did you mean "${suggestion}"? `) +
      'Write one section per token: [name], then token or token_sha256, and optionally modes and max_range.',
  });
}
