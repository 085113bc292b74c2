import {stderrSink} from '../../lib/server/observability/log-sink.js';
import type {AnsweredRequest} from '../../lib/server/start.js';
import {visible} from '../../lib/util/text/visible.js';
import {colours} from '../terminal/colour.js';
import {terminalWidth} from '../process/stderr.js';
import {stderrLogger} from './stderr-log.js';

/** Columns of an address of IPv4; a longer one moves only its own line. */
const CLIENT_WIDTH = 15;

/** A terminal with fewer columns shows no client. */
const MIN_WIDTH_WITH_CLIENT = 60;

/** Columns that the request keeps on any terminal. */
const MIN_REQUEST_WIDTH = 12;

/** Returns a function that shows a request on stderr: one line on a terminal, else a JSON record. */
export function requestPrinter(): (request: AnsweredRequest) => void {
  return process.stderr.isTTY ? printLine() : logRequest();
}

function printLine(): (request: AnsweredRequest) => void {
  const {dim, green, yellow, red} = colours(process.stderr);
  return ({method, url, status, durationMs, client = '-'}) => {
    const width = terminalWidth() ?? Infinity;
    const colour = status < 400 ? green : status < 500 ? yellow : red;
    const duration = `${durationMs.toFixed(1)} ms`.padStart(10);
    const shownClient = width < MIN_WIDTH_WITH_CLIENT ? '' : `  ${client.padEnd(CLIENT_WIDTH)}`;
    const facts = visible(`${duration}${shownClient}`);
    const room = Math.max(MIN_REQUEST_WIDTH, width - `${status}${facts}  `.length);
    const request = visible(`${method} ${url}`);
    const shown = request.length > room ? `${request.slice(0, room - 1)}…` : request;
    stderrSink().write(`${colour(visible(String(status)))}${dim(facts)}  ${shown}\n`);
  };
}

function logRequest(): (request: AnsweredRequest) => void {
  // Independent of log_level, because log.screen or --log-requests asks for them.
  const log = stderrLogger();
  return (request) => {
    const {method, url, status, durationMs} = request;
    const rounded = {...request, durationMs: Math.round(durationMs * 1000) / 1000};
    log.info(rounded, `${method} ${url} ${status}`);
  };
}
