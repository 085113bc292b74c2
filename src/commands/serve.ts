import cluster from 'node:cluster';
import * as Flags from '@oclif/core/flags';
import type {Logger} from 'pino';
import {BaseCommand} from '../cli/base-command.js';
import {connect, connectSafely, prepareStore, withStore, type CommandTalk} from '../cli/database.js';
import {say} from '../cli/say.js';
import {catchHangUp, endAtSignal, untilStopped} from '../cli/signals.js';
import type * as syncTasks from '../cli/sync-tasks.js';
import {canPrompt} from '../cli/terminal.js';
import type {Config} from '../lib/config/resolve.js';
import {UniqueIDError} from '../lib/errors.js';
import type * as service from '../lib/server/run-service.js';
import {inheritedSocket, notifySystemd} from '../lib/server/systemd.js';
import type {Store} from '../lib/store/store.js';
import {version} from '../lib/version.js';

export default class Serve extends BaseCommand {
  static override summary = 'Answer requests for unique integers over HTTP.';

  static override description =
    'Serves GET and POST /getid until it is told to stop by SIGTERM or Ctrl-C; it then answers every request it has accepted and ends with status 0. A second signal ends it at once. SIGHUP opens the log files anew and reads tokens and certificate again.';

  static override usage = '<%= command.id %> [-p PORT] [-a ADDRESS] [--workers N] [--cpconfig FILE] [--sync]';

  static override examples = [
    {description: 'On this machine alone, port 8051', command: '<%= config.bin %> <%= command.id %>'},
    {
      description: 'With the files of the Python service',
      command: '<%= config.bin %> <%= command.id %> --config config.ini --cpconfig server.conf',
    },
    {
      description: 'Create or upgrade the database first',
      command: '<%= config.bin %> <%= command.id %> --sync',
    },
    {description: 'Four processes on one port', command: '<%= config.bin %> <%= command.id %> --workers 4'},
  ];

  static override flags = {
    port: Flags.string({
      char: 'p',
      helpValue: 'PORT',
      summary: 'Port to listen on (default 8051); 0 picks a free one.',
    }),
    address: Flags.string({
      char: 'a',
      helpValue: 'ADDRESS',
      summary: 'Address to listen on (default 127.0.0.1, this machine alone).',
    }),
    workers: Flags.string({
      helpValue: 'N',
      summary: 'Processes that answer on the one port (default 1).',
    }),
    cpconfig: Flags.string({
      helpValue: 'FILE',
      summary: 'Server file (CherryPy INI).',
      description: 'Also UNIQUEID_CPCONFIG; else ~/.pacifica-uniqueid/cpconfig.ini, if it is there.',
    }),
    sync: Flags.boolean({summary: 'Create or upgrade the database before serving.'}),
  };

  async run(): Promise<void> {
    const onHangUp = catchHangUp();
    const {flags} = await this.parse(Serve);
    const config = this.configure(flags);
    if (cluster.isPrimary) endAtSignal();
    const asking = {say, mayAsk: canPrompt(this.jsonEnabled()) && !cluster.isWorker};
    if (cluster.isWorker) await serveAsWorker(config, asking, onHangUp);
    else if (config.settings.workers > 1) {
      if (flags.sync) {
        const tasks = await import('../cli/sync-tasks.js');
        await withStore(connect(config, asking, {create: true}), (store) => this.#sync(store, tasks));
      }
      await this.#supervise(config, asking, onHangUp);
    } else {
      const opening = flags.sync ? this.#openSynced(config, asking) : openSafely(config, asking);
      await this.#serve(config, opening, onHangUp);
    }
  }

  async #sync(store: Store, {syncWithTasks}: typeof syncTasks): Promise<void> {
    const json = this.jsonEnabled();
    const silent = json || !process.stderr.isTTY;
    const plan = await syncWithTasks(store, {silent});
    if (!silent || json) return;
    const {logSync} = await import('../cli/serve-talk.js');
    logSync(plan);
  }

  #openSynced(config: Config, asking: CommandTalk): Promise<Store> {
    const loading = import('../cli/sync-tasks.js');
    const opening = connect(config, asking, {create: true, offThread: true});
    return prepareStore(opening, async (store) => this.#sync(store, await loading));
  }

  async #serve(config: Config, opening: Promise<Store>, onHangUp: OnHangUp): Promise<void> {
    const [store, {runService}] = await Promise.all([opening, loadService()]);
    const descriptor = inheritedSocket(process.env, process.pid);
    // Before it listens: whatever is accepted from then on must be answered.
    const told = untilStopped();
    const service = await runService(config.settings, store, config.remarks, descriptor);
    onHangUp(() => {
      service.reload();
    });
    await this.#untilTold(config, service.url, store.location, {
      told,
      log: service.log,
      facts: () => store.facts(),
      stop: () => service.stop(),
    });
  }

  async #supervise(config: Config, asking: CommandTalk, onHangUp: OnHangUp): Promise<void> {
    const facts = await withStore(connectSafely(config, asking), (store) => store.facts());
    const {startWorkers} = await import('../cli/supervise-workers.js');
    const {redactDatabaseUrl} = await import('../lib/config/database-url.js');
    const told = untilStopped();
    const workers = await startWorkers(
      config.settings.workers,
      inheritedSocket(process.env, process.pid) !== undefined,
    );
    onHangUp(workers.reload);
    await this.#untilTold(config, workers.url, redactDatabaseUrl(config.settings.databaseUrl), {
      told,
      facts: () => Promise.resolve(facts),
      stop: workers.stop,
      broken: workers.broken,
    });
  }

  /** Tells where the service answers, waits for a signal, and stops it. */
  async #untilTold(config: Config, url: string, database: string, running: Running): Promise<void> {
    const json = this.jsonEnabled();
    const {serveTalk} = await import('../cli/serve-talk.js');
    const talk = serveTalk(
      config.settings,
      config.settings.errorFile === undefined ? undefined : running.log,
    );
    if (json) process.stdout.write(`${JSON.stringify({url, database, version})}\n`);
    else await talk.started(url, database, running.facts);
    notifySystemd(process.env, 'READY=1', `answers at ${url}`);
    const error = await Promise.race([
      running.told,
      ...(running.broken === undefined ? [] : [running.broken]),
    ]);
    notifySystemd(process.env, 'STOPPING=1', 'answering what has been accepted');
    if (!json) talk.stopping();
    if (!(await running.stop())) {
      throw new UniqueIDError(
        'UNEXPECTED',
        'Some requests were not answered within shutdown_timeout; their connections were cut.',
        {
          hint: 'Raise shutdown_timeout in [uniqueid] if this happens again.',
        },
      );
    }
    if (error !== undefined) throw error;
    if (!json) talk.stopped();
  }
}

type OnHangUp = ReturnType<typeof catchHangUp>;

function openSafely(config: Config, asking: CommandTalk): Promise<Store> {
  return connectSafely(config, asking, {offThread: true});
}

/** The service with all that it needs is loaded while the thread of the database starts, which takes as long. */
function loadService(): Promise<typeof service> {
  return import('../lib/server/run-service.js');
}

/** What is up, whether it is this process or its workers. */
interface Running {
  /** Fulfilled when it is to stop. */
  readonly told: Promise<void>;
  readonly log?: Logger;
  readonly facts: () => Promise<{readonly product: string; readonly durability: string}>;
  readonly stop: () => Promise<boolean>;
  /** Fulfilled where it cannot go on. */
  readonly broken?: Promise<UniqueIDError>;
}

/** One of several: it says nothing of its own, and Ctrl-C is for the process that started it. */
async function serveAsWorker(config: Config, asking: CommandTalk, onHangUp: OnHangUp): Promise<void> {
  process.on('SIGINT', () => undefined);
  try {
    const [store, {runService}] = await Promise.all([openSafely(config, asking), loadService()]);
    const {untilWorkerIsStopped} = await import('../cli/supervise-workers.js');
    const told = untilWorkerIsStopped();
    // What was handed over was handed to the process that started this one.
    const descriptor = inheritedSocket(process.env, process.ppid);
    const service = await runService(config.settings, store, config.remarks, descriptor);
    process.send?.({url: service.url});
    onHangUp(() => {
      service.reload();
    });
    await told;
    const isClean = await service.stop();
    process.exitCode = isClean ? 0 : 1;
  } finally {
    // Listening for messages of the process that started it would keep this one alive.
    cluster.worker?.disconnect();
  }
}
