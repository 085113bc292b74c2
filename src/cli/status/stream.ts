import {setTimeout as sleep} from 'node:timers/promises';
import {exactJson} from '../../lib/util/exact-json.js';
import type {StatusDocument} from '../../lib/operations/status-document.js';
import {reportError} from '../process/report-error.js';
import {hasStdoutFailed, printExact} from '../process/stdout.js';
import type {StatusSource} from './watch.js';

/**
 * Prints one status after the other to stdout, for a log or another program, until `signal` aborts or stdout
 * fails.
 *
 * @param show prints one status for people; `--json` prints one line per document instead
 */
export async function followStatus(
  source: StatusSource,
  intervalMs: number,
  json: boolean,
  signal: AbortSignal,
  show: (status: StatusDocument) => void,
): Promise<void> {
  while (!signal.aborted && !hasStdoutFailed()) {
    try {
      const status = await source();
      if (json) printExact(`${toOneLine(status)}\n`);
      else show(status);
    } catch (error) {
      reportError(error, json);
    }
    await sleep(intervalMs, undefined, {signal}).catch(() => undefined);
  }
}

function toOneLine(status: StatusDocument): string {
  // A JSON string never contains a line break.
  return exactJson(status).replaceAll(/\n\s*/g, '');
}
