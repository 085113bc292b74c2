import {setTimeout as sleep} from 'node:timers/promises';
import {exactJson} from '../../lib/util/exact-json.js';
import type {StatusDocument} from '../../lib/operations/status-document.js';
import {reportError} from '../process/report-error.js';
import {hasStdoutFailed, printExact} from '../process/stdout.js';
import type {StatusSource} from './watch.js';

/**
 * Follows a status where there is no terminal to draw on: one look after the other on stdout, for a log or another
 * program, until the signal comes or stdout takes no more.
 *
 * @param show shows one look; under `--json` the document is one line
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
      if (json) printExact(`${oneLine(status)}\n`);
      else show(status);
    } catch (error) {
      reportError(error, json);
    }
    await sleep(intervalMs, undefined, {signal}).catch(() => undefined);
  }
}

function oneLine(status: StatusDocument): string {
  // What is between quotes holds no line break in JSON.
  return exactJson(status).replaceAll(/\n\s*/g, '');
}
