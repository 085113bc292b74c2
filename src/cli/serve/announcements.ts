import type {Logger} from 'pino';
import type {Settings} from '../../lib/config/settings.js';
import type {LogLevel} from '../../lib/config/parsers.js';
import {stderrSink} from '../../lib/server/observability/log-sink.js';
import type {MigrationPlan} from '../../lib/store/schema/migrate.js';
import {version} from '../../lib/util/version.js';
import {visible, type Visible} from '../../lib/util/text/visible.js';
import {colours} from '../terminal/colour.js';
import {wrapForTerminal} from '../process/stderr.js';
import {stderrLogger} from './stderr-log.js';

/** Asks the database for the facts that the terminal shows. */
type ReadFacts = () => Promise<{readonly product: string; readonly durability: string}>;

/** Messages of `serve` about itself: a few lines on a terminal, one JSON record each in a log. */
export interface ServeAnnouncements {
  readonly started: (url: string, database: string, facts: ReadFacts) => Promise<void>;
  readonly stopping: () => void;
  readonly stopped: () => void;
}

/** @param fileLog the error log without stderr, if a file is configured */
export function serveAnnouncements(
  settings: Settings,
  showsRequests: boolean,
  fileLog: Logger | undefined,
): ServeAnnouncements {
  const all = [
    process.stderr.isTTY ? toTerminal(settings, showsRequests) : toLog(stderrLogger(settings.logLevel)),
    ...(fileLog === undefined ? [] : [toLog(fileLog)]),
  ];
  return {
    started: async (...args) => {
      for (const each of all) await each.started(...args);
    },
    stopping: () => {
      for (const each of all) each.stopping();
    },
    stopped: () => {
      for (const each of all) each.stopped();
    },
  };
}

/** Logs the steps of `--sync`; a terminal shows the task list instead. */
export function logSync({before, steps}: MigrationPlan, level: LogLevel): void {
  const names = steps.map(({name}) => name);
  const message =
    names.length === 0 ? 'The schema is up to date.' : `Upgraded the schema: ${names.join(', ')}.`;
  stderrLogger(level).info({before, steps: names}, message);
}

function toLog(log: Logger): ServeAnnouncements {
  return {
    started: (url, database) => {
      log.info(
        {url, database, version},
        `UniqueID ${version} answers at ${url}/getid with database ${database}.`,
      );
      return Promise.resolve();
    },
    stopping: () => {
      log.info('Shutting down: draining accepted requests.');
    },
    stopped: () => {
      log.info('Stopped.');
    },
  };
}

function toTerminal(
  {accessFile, errorFile, logScreen}: Settings,
  showsRequests: boolean,
): ServeAnnouncements {
  const {bold, dim} = colours(process.stderr);
  const screen = 'this screen';
  const isOnScreen = logScreen || errorFile === undefined;
  // Unlike `printNotice`, the sink does not wait for a terminal whose output is paused.
  const print = (...lines: readonly Visible[]): void => {
    stderrSink().write(wrapForTerminal(lines));
  };
  return {
    started: async (url, database, facts) => {
      const {product, durability} = await facts();
      // Loading text measurement takes longer than the rest of this module, and a log does not need it.
      const {labelled} = await import('../terminal/labelled.js');
      const row = (label: string, text: string): Visible[] =>
        labelled(label, visible(text), process.stderr.columns);
      print(
        bold(visible(`UniqueID ${version} answers at ${url}/getid`)),
        visible(''),
        ...row('Try', `curl '${url}/getid?range=10&mode=file'`),
        ...row('Database', `${database} (${product}, ${durability})`),
        ...row(
          'Access log',
          [...(showsRequests ? [screen] : []), ...listed(accessFile)].join(', ') || 'none',
        ),
        ...row('Error log', [...(isOnScreen ? [screen] : []), ...listed(errorFile)].join(', ')),
        ...row('Stop', 'Ctrl-C (drains accepted requests first)'),
        visible(''),
      );
    },
    stopping: () => {
      print(
        dim(visible('Shutting down: draining accepted requests. Press Ctrl-C again to exit immediately.')),
      );
    },
    stopped: () => {
      print(visible('Stopped.'));
    },
  };
}

function listed(path: string | undefined): string[] {
  return path === undefined ? [] : [path];
}
