import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/base-command.js';
import {connect, connectSafely, withStore} from '../cli/database.js';
import {logSync, serveTalk} from '../cli/serve-talk.js';
import {untilStopped} from '../cli/signals.js';
import {say} from '../cli/say.js';
import {canPrompt} from '../cli/terminal.js';
import {UniqueIDError} from '../lib/errors.js';
import {runService} from '../lib/server/run-service.js';
import {version} from '../lib/version.js';

export default class Serve extends BaseCommand {
  static override summary = 'Answer requests for unique integers over HTTP.';

  static override description =
    'Serves GET and POST /getid until it is told to stop by SIGTERM or Ctrl-C; it then answers every request it has accepted and ends with status 0. A second signal ends it at once.';

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
    cpconfig: Flags.string({
      helpValue: 'FILE',
      summary: 'Server file (CherryPy INI).',
      description: 'Also UNIQUEID_CPCONFIG; else ~/.pacifica-uniqueid/cpconfig.ini, if it is there.',
    }),
    sync: Flags.boolean({summary: 'Create or upgrade the database before serving.'}),
  };

  async run(): Promise<void> {
    const {flags} = await this.parse(Serve);
    const config = this.configure(flags);
    const json = this.jsonEnabled();
    const asking = {say, mayAsk: canPrompt(json)};
    if (flags.sync) {
      const {syncWithTasks} = await import('../cli/sync-tasks.js');
      const silent = json || !process.stderr.isTTY;
      const opening = connect(config, asking, {create: true});
      const plan = await withStore(opening, (store) => syncWithTasks(store, {silent}));
      if (silent && !json) logSync(plan);
    }
    const store = await connectSafely(config, asking);
    const service = await runService(config.settings, store, config.remarks);
    const talk = serveTalk(
      config.settings,
      config.settings.errorFile === undefined ? undefined : service.log,
    );
    // Before anybody is told where to send a signal.
    const told = untilStopped();
    if (json)
      process.stdout.write(`${JSON.stringify({url: service.url, database: store.location, version})}\n`);
    else await talk.started(service.url, store);
    await told;
    if (!json) talk.stopping();
    if (!(await service.stop())) {
      throw new UniqueIDError(
        'UNEXPECTED',
        'Some requests were not answered within shutdown_timeout; their connections were cut.',
        {
          hint: 'Raise shutdown_timeout in [uniqueid] if this happens again.',
        },
      );
    }
    if (!json) talk.stopped();
  }
}
