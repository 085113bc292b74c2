import type {Logger} from 'pino';
import type {Settings} from '../../lib/config/settings.js';
import {stderrSink} from '../../lib/server/observability/log-sink.js';
import {createLogger} from '../../lib/server/observability/logs.js';
import type {MigrationPlan} from '../../lib/store/schema/migrate.js';
import {version} from '../../lib/util/version.js';
import {visible, type Visible} from '../../lib/util/visible.js';
import {colours} from '../terminal/colour.js';
import {wrapForTerminal} from '../process/stderr.js';

/** Asks the database for the facts that the terminal shows. */
type ReadFacts = () => Promise<{readonly product: string; readonly durability: string}>;

/** Messages of `serve` about itself: a few lines on a terminal, one JSON record each in a log. */
export interface ServeAnnouncements {
  readonly started: (url: string, database: string, facts: ReadFacts) => Promise<void>;
  readonly stopping: () => void;
  readonly stopped: () => void;
}

/** @param log the service's own log, unless it goes to stderr alone */
export function serveAnnouncements(settings: Settings, log: Logger | undefined): ServeAnnouncements {
  const logFile = log === undefined ? undefined : toLog(log);
  // With log.screen the log itself writes each record to stderr.
  if (logFile !== undefined && settings.logScreen && !process.stderr.isTTY) return logFile;
  const stderr = process.stderr.isTTY ? toTerminal(settings) : toLog(stderrLogger());
  return {
    started: async (...args) => {
      await stderr.started(...args);
      await logFile?.started(...args);
    },
    stopping: () => {
      stderr.stopping();
      logFile?.stopping();
    },
    stopped: () => {
      stderr.stopped();
      logFile?.stopped();
    },
  };
}

/** Logs the steps of `--sync`; a terminal shows the task list instead. */
export function logSync({before, steps}: MigrationPlan): void {
  const names = steps.map(({name}) => name);
  const message =
    names.length === 0 ? 'The schema is up to date.' : `Upgraded the schema: ${names.join(', ')}.`;
  stderrLogger().info({before, steps: names}, message);
}

function stderrLogger(): Logger {
  return createLogger([stderrSink()]);
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

function toTerminal({accessFile, errorFile, logScreen}: Settings): ServeAnnouncements {
  const {bold, dim} = colours(process.stderr);
  const screen = logScreen ? ['this screen'] : [];
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
          [...screen, ...(accessFile === undefined ? [] : [accessFile])].join(', ') || 'none',
        ),
        ...row('Error log', errorFile === undefined ? 'this screen' : [...screen, errorFile].join(', ')),
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
