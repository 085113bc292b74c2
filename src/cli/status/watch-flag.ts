import {UniqueIDError} from '../../lib/core/errors.js';
import {quoteTyped} from '../../lib/util/text/redact.js';

export const DEFAULT_WATCH_SECONDS = 2;

const seconds = /^[0-9]+(?:\.[0-9]+)?$/;

/** Adds the default to a `--watch` without a number, because oclif has no flags with an optional value. */
export function withWatchSeconds(argv: readonly string[]): string[] {
  return argv.flatMap((word, index) => {
    const isBare = (word === '--watch' || word === '-w') && !seconds.test(argv[index + 1] ?? '');
    return isBare ? [`--watch=${DEFAULT_WATCH_SECONDS}`] : [word];
  });
}

/**
 * @returns milliseconds
 * @throws UniqueIDError `USAGE`
 */
export function parseWatch(text: string): number {
  const value = seconds.test(text) ? Number(text) : Number.NaN;
  if (value >= 0.1 && value <= 3600) return value * 1000;
  throw new UniqueIDError(
    'USAGE',
    `--watch must be a number of seconds from 0.1 to 3600, not ${quoteTyped(text)}.`,
    {
      hint: `Omit the number to refresh every ${DEFAULT_WATCH_SECONDS} s.`,
    },
  );
}
