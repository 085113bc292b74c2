import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {requestedExit, toUsageError} from '../cli/oclif/usage-errors.js';
import {connectOrOfferSync, type CommandInteraction} from '../cli/database/connect-or-offer-sync.js';
import {connect, prepareStore} from '../cli/database/connect.js';
import {setCrashReporter, setWarningReporter} from '../cli/process/end-process.js';
import {isStderrLog, printNotice} from '../cli/process/stderr.js';
import {catchHangUp, exitOnSignal, waitForShutdownSignal} from '../cli/process/signals.js';
import {printExact} from '../cli/process/stdout.js';
import type {CheckDocument} from '../cli/serve/check-config.js';
import type * as syncTasks from '../cli/database/tasks.js';
import {canPrompt} from '../cli/terminal/traits.js';
import type {LogLevel} from '../lib/config/parsers.js';
import type {Config} from '../lib/config/resolve.js';
import {UniqueIDError} from '../lib/core/errors.js';
import type {RunningServer, startServer, StartOptions} from '../lib/server/start.js';
import {inheritedSocket, notifySystemd} from '../lib/server/systemd.js';
import type {Store} from '../lib/store/store.js';
import {version} from '../lib/util/version.js';

export default class Serve extends BaseCommand {
  static override summary = 'Serve unique integers over HTTP.';

  static override description =
    'Serves GET and POST /getid until SIGTERM or Ctrl-C. It then answers every accepted request and ' +
    'exits with 0. A second signal exits immediately. SIGHUP reopens the log files and reloads tokens ' +
    'and certificate.';

  static override usage =
    '<%= command.id %> [-p PORT] [-a ADDRESS] [--cpconfig FILE] [--sync | --check-config]';

  static override examples = [
    {
      description: 'Listen on port 8051, for this machine only',
      command: '<%= config.bin %> <%= command.id %>',
    },
    {
      description: 'Use the files of the Python service',
      command: '<%= config.bin %> <%= command.id %> --config config.ini --cpconfig server.conf',
    },
    {
      description: 'Create or upgrade the database first',
      command: '<%= config.bin %> <%= command.id %> --sync',
    },
    {
      description: 'Check everything before a restart',
      command: '<%= config.bin %> <%= command.id %> --check-config',
    },
  ];

  static override flags = {
    port: Flags.string({
      char: 'p',
      helpValue: 'PORT',
      summary: 'Port to listen on (default 8051; 0 picks a free one).',
    }),
    address: Flags.string({
      char: 'a',
      helpValue: 'ADDRESS',
      summary: 'Address to listen on (default 127.0.0.1, this machine only).',
    }),
    cpconfig: Flags.string({
      helpValue: 'FILE',
      summary: 'CherryPy file (INI).',
      description:
        'Defaults to UNIQUEID_CPCONFIG, then to cpconfig.ini in ~/.pacifica-uniqueid or /etc/uniqueid.',
    }),
    sync: Flags.boolean({summary: 'Create or upgrade the database before serving.'}),
    'log-requests': Flags.boolean({summary: 'Write each request to stderr, as log.screen does.'}),
    'check-config': Flags.boolean({
      summary: 'Check files, tokens, certificate, logs and database, and exit; listen on nothing.',
      exclusive: ['sync'],
    }),
  };

  async run(): Promise<CheckDocument | undefined> {
    const setHangUpHandler = catchHangUp();
    if (isStderrLog(this.argv)) this.#reportToLog();
    const {flags} = await this.parse(Serve);
    const config = this.configure(flags);
    exitOnSignal();
    if (flags['check-config']) {
      const {checkConfig} = await import('../cli/serve/check-config.js');
      return checkConfig(config, this.jsonEnabled(), (lines) => {
        this.logLines(lines);
      });
    }
    const print = isStderrLog(this.argv) ? logWarning : printNotice;
    const interaction = {print, canPrompt: canPrompt(this.jsonEnabled())};
    const opening = flags.sync
      ? this.#openSynced(config, interaction)
      : connectOrOfferSync(config, interaction, {offThread: true});
    const showsRequests = flags['log-requests'] || config.settings.logScreen;
    await this.#serve(config, opening, {setHangUpHandler, showsRequests});
    return undefined;
  }

  /** Logs a failure as one JSON record if stderr is a log. */
  protected override async catch(thrown: Error): Promise<void> {
    if (!isStderrLog(this.argv) || this.jsonEnabled() || requestedExit(thrown) !== undefined)
      return super.catch(thrown);
    this.parsed = true;
    const {logFailure} = await import('../cli/serve/stderr-log.js');
    await logFailure(toUsageError(thrown, this.id));
  }

  #reportToLog(): void {
    setWarningReporter(logWarning);
    setCrashReporter(async (error) => {
      const {logFailure} = await import('../cli/serve/stderr-log.js');
      await logFailure(error);
    });
  }

  async #sync(store: Store, level: LogLevel, {syncWithTasks}: typeof syncTasks): Promise<void> {
    const json = this.jsonEnabled();
    const silent = json || !process.stderr.isTTY;
    const plan = await syncWithTasks(store, {silent});
    if (!silent || json) return;
    const {logSync} = await import('../cli/serve/announcements.js');
    logSync(plan, level);
  }

  #openSynced(config: Config, interaction: CommandInteraction): Promise<Store> {
    const loading = import('../cli/database/tasks.js');
    const opening = connect(config, interaction, {create: true, offThread: true});
    return prepareStore(opening, async (store) => this.#sync(store, config.settings.logLevel, await loading));
  }

  async #serve(
    config: Config,
    opening: Promise<Store>,
    {setHangUpHandler, showsRequests}: ServeOptions,
  ): Promise<void> {
    const [store, {startServer: start}] = await Promise.all([opening, loadServer()]);
    const descriptor = inheritedSocket(process.env, process.pid);
    // Before the server listens, because every accepted request must be answered.
    const shutdownSignal = waitForShutdownSignal();
    const onRequest = showsRequests ? await loadRequestPrinter() : undefined;
    const server = await start(config, store, {descriptor, onRequest});
    setHangUpHandler(() => {
      server.reload();
    });
    setCrashReporter(async (error) => {
      server.log.fatal({err: error}, 'Unexpected error; the service exits.');
      await server.flushLogs();
    });
    try {
      await this.#runUntilShutdown(config, server, {store, shutdownSignal, showsRequests});
    } finally {
      await server.flushLogs();
    }
  }

  /** Announces the server, waits for a signal, then shuts the server down. */
  async #runUntilShutdown(
    {settings}: Config,
    running: RunningServer,
    {store, shutdownSignal, showsRequests}: Running,
  ): Promise<void> {
    const {url, fileLog} = running;
    const json = this.jsonEnabled();
    const {serveAnnouncements} = await import('../cli/serve/announcements.js');
    const announcements = serveAnnouncements(settings, showsRequests, fileLog);
    if (json) printExact(`${JSON.stringify({url, database: store.location, version})}\n`);
    else await announcements.started(url, store.location, () => store.facts());
    notifySystemd(process.env, 'READY=1', `Answering at ${url}`);
    await shutdownSignal;
    notifySystemd(process.env, 'STOPPING=1', 'Draining accepted requests');
    if (!json) announcements.stopping();
    if (!(await running.stop())) {
      throw new UniqueIDError(
        'SHUTDOWN_TIMEOUT',
        'Some requests were not answered within shutdown_timeout; their connections were closed.',
        {
          hint: 'Raise shutdown_timeout in [uniqueid] if this happens again.',
        },
      );
    }
    if (!json) announcements.stopped();
  }
}

interface ServeOptions {
  readonly setHangUpHandler: ReturnType<typeof catchHangUp>;
  /** True writes each request to stderr. */
  readonly showsRequests: boolean;
}

interface Running {
  readonly store: Store;
  readonly shutdownSignal: Promise<void>;
  readonly showsRequests: boolean;
}

/** Logs a line that a person would read on a terminal. */
function logWarning(text: string): void {
  void import('../cli/serve/stderr-log.js').then(({stderrLogger}) => {
    stderrLogger().warn(text);
  });
}

async function loadRequestPrinter(): Promise<StartOptions['onRequest']> {
  const {requestPrinter} = await import('../cli/serve/request-lines.js');
  return requestPrinter();
}

/** Loads the server while the database's thread starts; both take about as long. */
function loadServer(): Promise<{startServer: typeof startServer}> {
  return import('../lib/server/start.js');
}
