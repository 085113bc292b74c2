import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {connectOrOfferSync, type CommandInteraction} from '../cli/database/connect-or-offer-sync.js';
import {connect, prepareStore} from '../cli/database/connect.js';
import {setCrashReporter} from '../cli/process/end-process.js';
import {printNotice} from '../cli/process/stderr.js';
import {catchHangUp, exitOnSignal, waitForShutdownSignal} from '../cli/process/signals.js';
import {printExact} from '../cli/process/stdout.js';
import type * as syncTasks from '../cli/database/tasks.js';
import {canPrompt} from '../cli/terminal/traits.js';
import type {Config} from '../lib/config/resolve.js';
import {UniqueIDError} from '../lib/core/errors.js';
import type {RunningServer, startServer} from '../lib/server/start.js';
import {inheritedSocket, notifySystemd} from '../lib/server/systemd.js';
import type {Store} from '../lib/store/store.js';
import {version} from '../lib/util/version.js';

export default class Serve extends BaseCommand {
  static override summary = 'Serve unique integers over HTTP.';

  static override description =
    'Serves GET and POST /getid until SIGTERM or Ctrl-C. It then answers every accepted request and ' +
    'exits with 0. A second signal exits immediately. SIGHUP reopens the log files and reloads tokens ' +
    'and certificate.';

  static override usage = '<%= command.id %> [-p PORT] [-a ADDRESS] [--cpconfig FILE] [--sync]';

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
      description: 'Defaults to UNIQUEID_CPCONFIG, then to ~/.pacifica-uniqueid/cpconfig.ini if it exists.',
    }),
    sync: Flags.boolean({summary: 'Create or upgrade the database before serving.'}),
  };

  async run(): Promise<void> {
    const setHangUpHandler = catchHangUp();
    const {flags} = await this.parse(Serve);
    const config = this.configure(flags);
    exitOnSignal();
    const interaction = {print: printNotice, canPrompt: canPrompt(this.jsonEnabled())};
    const opening = flags.sync
      ? this.#openSynced(config, interaction)
      : connectOrOfferSync(config, interaction, {offThread: true});
    await this.#serve(config, opening, setHangUpHandler);
  }

  async #sync(store: Store, {syncWithTasks}: typeof syncTasks): Promise<void> {
    const json = this.jsonEnabled();
    const silent = json || !process.stderr.isTTY;
    const plan = await syncWithTasks(store, {silent});
    if (!silent || json) return;
    const {logSync} = await import('../cli/serve/announcements.js');
    logSync(plan);
  }

  #openSynced(config: Config, interaction: CommandInteraction): Promise<Store> {
    const loading = import('../cli/database/tasks.js');
    const opening = connect(config, interaction, {create: true, offThread: true});
    return prepareStore(opening, async (store) => this.#sync(store, await loading));
  }

  async #serve(config: Config, opening: Promise<Store>, setHangUpHandler: SetHangUpHandler): Promise<void> {
    const [store, {startServer: start}] = await Promise.all([opening, loadServer()]);
    const descriptor = inheritedSocket(process.env, process.pid);
    // Before the server listens, because every accepted request must be answered.
    const shutdownSignal = waitForShutdownSignal();
    const server = await start(config, store, descriptor);
    setHangUpHandler(() => {
      server.reload();
    });
    setCrashReporter(async (error) => {
      server.log.fatal({err: error}, 'Unexpected error; the service exits.');
      await server.flushLogs();
    });
    try {
      await this.#runUntilShutdown(config, server, store, shutdownSignal);
    } finally {
      await server.flushLogs();
    }
  }

  /** Announces the server, waits for a signal, then shuts the server down. */
  async #runUntilShutdown(
    {settings}: Config,
    running: RunningServer,
    store: Store,
    shutdownSignal: Promise<void>,
  ): Promise<void> {
    const {url, log} = running;
    const json = this.jsonEnabled();
    const {serveAnnouncements} = await import('../cli/serve/announcements.js');
    const announcements = serveAnnouncements(settings, settings.errorFile === undefined ? undefined : log);
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

type SetHangUpHandler = ReturnType<typeof catchHangUp>;

/** Loads the server while the database's thread starts; both take about as long. */
function loadServer(): Promise<{startServer: typeof startServer}> {
  return import('../lib/server/start.js');
}
