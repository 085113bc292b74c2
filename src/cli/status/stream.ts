import {setTimeout as sleep} from 'node:timers/promises';
import {toUniqueIDError} from '../../lib/core/errors.js';
import {exactJson} from '../../lib/util/exact-json.js';
import type {StatusDocument} from '../../lib/operations/status-document.js';
import {reportError} from '../process/report-error.js';
import {hasStdoutFailed, printExact} from '../process/stdout.js';
import {readListing, sortStatus, type Listing, type StatusReader} from './listing.js';
import {Rates} from './rates.js';

export interface StreamOptions {
  readonly listing: Listing;
  readonly intervalMs: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/**
 * Prints one status after the other to stdout, for a log or another program, until `signal` aborts or stdout
 * fails. If the reader has gone, the next write fails.
 *
 * @param show prints one status for people; `--json` prints one line per document instead
 */
export async function followStatus(
  read: StatusReader,
  {listing, intervalMs, json, signal}: StreamOptions,
  show: (status: StatusDocument) => void,
): Promise<void> {
  const failed = new AbortController();
  process.stdout.once('error', () => {
    failed.abort();
  });
  const stopped = AbortSignal.any([signal, failed.signal]);
  const rates = new Rates();
  while (!stopped.aborted && !hasStdoutFailed()) {
    try {
      const all = await readListing(read, listing);
      rates.record(all.modes, performance.now());
      const status = sortStatus(all, listing, rates);
      if (json) printExact(`${toOneLine(status)}\n`);
      else show(status);
    } catch (error) {
      if (isLasting(error)) throw error;
      reportError(error, json);
    }
    await sleep(intervalMs, undefined, {signal: stopped}).catch(() => undefined);
  }
}

/** Returns true for an error of the command line, which no later reading can cure. */
export function isLasting(error: unknown): boolean {
  const {code} = toUniqueIDError(error);
  return code === 'USAGE' || code === 'UNKNOWN_MODE';
}

function toOneLine(status: StatusDocument): string {
  // A JSON string never contains a line break.
  return exactJson(status).replaceAll(/\n\s*/g, '');
}
