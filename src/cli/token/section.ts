import {createHash, randomBytes} from 'node:crypto';
import {stringify} from 'ini';
import {UniqueIDError} from '../../lib/core/errors.js';
import {parseMode} from '../../lib/core/mode.js';
import {MAX_COUNTER} from '../../lib/core/range.js';
import {parsePythonIni} from '../../lib/config/python/ini.js';
import {parseMaxRange} from '../../lib/server/http/tokens.js';
import {visible} from '../../lib/util/text/visible.js';
import {quoteTyped} from '../../lib/util/text/redact.js';

const RANDOM_BYTES = 24;

/** Lets a scanner for leaked secrets find tokens, and keeps them from beginning with a dash. */
const PREFIX = 'uid_';

/** Returns a new token of 192 random bits; it needs no quoting in a URL, a header or a shell. */
export function makeToken(): string {
  return `${PREFIX}${randomBytes(RANDOM_BYTES).toString('base64url')}`;
}

/** The limits of a token, as typed. */
export interface TokenLimits {
  readonly modes?: string | undefined;
  readonly maxRange?: string | undefined;
}

/**
 * Formats the section of a holder, with the hash of the token only.
 *
 * @throws UniqueIDError `USAGE` for a name or limit that a tokens file cannot hold exactly
 */
export function formatSection(name: string, token: string, {modes, maxRange}: TokenLimits): string {
  assertName(name);
  const values: Record<string, string> = {
    token_sha256: createHash('sha256').update(token).digest('hex'),
    ...(modes === undefined ? {} : {modes: parseModeList(modes)}),
    ...(maxRange === undefined ? {} : {max_range: checkedMaxRange(maxRange)}),
  };
  const escaped = Object.entries(values).map(([key, value]) => [key, value.replaceAll('%', '%%')]);
  // The option `section`, because `ini` escapes each dot in the name of a nested object.
  const text = stringify(Object.fromEntries(escaped) as Record<string, string>, {
    section: name,
    whitespace: true,
    platform: 'linux',
  });
  assertReadsBack(text, name, values);
  return text;
}

/** Rejects what our reader would read differently: `ini` quotes and escapes, and the reader does not. */
function assertReadsBack(text: string, name: string, values: Readonly<Record<string, string>>): void {
  const read = readSections(text);
  const section = read?.get(name);
  if (read?.size !== 1 || section === undefined)
    throw usage(`The name ${JSON.stringify(name)} cannot be written to a tokens file.`, NAME_HINT);
  const isExact =
    section.size === Object.keys(values).length &&
    Object.entries(values).every(([key, value]) => section.get(key)?.text === value);
  if (!isExact)
    throw usage(
      `--modes ${JSON.stringify(values['modes'] ?? '')} cannot be written to a tokens file.`,
      'Allow such a mode by a prefix without special characters, such as --modes "upload_*".',
    );
}

function readSections(text: string): ReturnType<typeof parsePythonIni> | undefined {
  try {
    return parsePythonIni(text, 'section');
  } catch (error) {
    if (error instanceof UniqueIDError) return undefined;
    throw error;
  }
}

const MAX_NAME_LENGTH = 100;

const NAME_HINT = 'Use letters, digits and the characters . _ - @, such as ingest.';

/** Rejects names that would look different in a log or a message. */
function assertName(name: string): void {
  if (name === '') throw usage('The name of the token is empty.', NAME_HINT);
  if (name !== visible(name) || name !== name.trim() || name.length > MAX_NAME_LENGTH)
    throw usage(
      `The name ${JSON.stringify(name)} has hidden characters, white space at an end, or more than ` +
        `${MAX_NAME_LENGTH} characters.`,
      NAME_HINT,
    );
}

/** Returns the list in its usual form, `file, upload_*`. */
function parseModeList(text: string): string {
  const patterns = text.split(',').map((pattern) => pattern.trim());
  for (const pattern of patterns) {
    try {
      parseMode(pattern);
    } catch (error) {
      if (!(error instanceof UniqueIDError)) throw error;
      throw usage(`--modes ${quoteTyped(text)}: ${error.message}`, 'Pass --modes "file, upload_*".');
    }
  }
  return patterns.join(', ');
}

function checkedMaxRange(text: string): string {
  const maxRange = parseMaxRange(text);
  if (maxRange !== undefined) return String(maxRange);
  throw usage(
    `--max-range must be a whole number from 1 to ${MAX_COUNTER}, not ${quoteTyped(text)}.`,
    'Omit it for the limit of the service.',
  );
}

function usage(message: string, hint: string): UniqueIDError {
  return new UniqueIDError('USAGE', message, {hint});
}
