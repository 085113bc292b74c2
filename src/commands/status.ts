import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {getidFlags, localFlag} from '../cli/getid/flags.js';
import {chooseServer} from '../cli/getid/server.js';
import {colours} from '../cli/terminal/colour.js';
import {settingSources} from '../cli/status/config-sources.js';
import {runUntilSignal} from '../cli/process/signals.js';
import {databaseStatus, parseLimit, remoteStatus, repeatedStatus} from '../cli/status/source.js';
import {statusLines} from '../cli/status/screen.js';
import {formatTable} from '../cli/terminal/table.js';
import {DEFAULT_WATCH_SECONDS, parseWatch, withWatchSeconds} from '../cli/status/watch-flag.js';
import type {Config} from '../lib/config/resolve.js';
import {errorTable} from '../lib/core/errors.js';
import {exactJson} from '../lib/util/exact-json.js';
import type {StatusDocument} from '../lib/operations/status-document.js';

const DEFAULT_LIMIT = '1000';

export default class Status extends BaseCommand {
  static override summary = 'Show the database, its schema and its counters.';

  static override description =
    'Changes nothing, so monitoring can use it as a probe. Exits with 0 if integers can be allocated; ' +
    '3 if the schema is missing, too old or too new; 4 if the database does not answer within ' +
    '--timeout; 7 if the service does not answer.';

  static override usage = [
    '<%= command.id %> [-w [SECONDS]] [--server URL | --local] [--limit N] [--after MODE]',
    '<%= command.id %> --config-sources',
  ];

  static override examples = [
    {description: 'Show the status once', command: '<%= config.bin %> <%= command.id %>'},
    {description: 'Refresh every five seconds', command: '<%= config.bin %> <%= command.id %> --watch 5'},
    {
      description: 'Show a running service',
      command: '<%= config.bin %> <%= command.id %> --server http://127.0.0.1:8051',
    },
    {
      description: "Show each setting's value and source",
      command: '<%= config.bin %> <%= command.id %> --config-sources',
    },
    {description: 'Print JSON for a script', command: '<%= config.bin %> <%= command.id %> --json'},
  ];

  static override flags = {
    watch: Flags.string({
      char: 'w',
      helpValue: '[SECONDS]',
      summary: `Refresh until Ctrl-C, with the rate of each mode (default every ${DEFAULT_WATCH_SECONDS} s).`,
      exclusive: ['config-sources'],
    }),
    server: Flags.string({
      helpValue: 'URL',
      exclusive: ['database', 'config-sources'],
      summary: 'Show a running service, with its uptime, instead of the database; HOST:PORT is enough.',
      description: getidFlags.server.description,
    }),
    local: Flags.boolean({...localFlag, exclusive: [...localFlag.exclusive, 'config-sources']}),
    timeout: Flags.string({
      helpValue: 'SECONDS',
      summary: 'Give up after this time, connecting included (default: request_timeout, 10).',
    }),
    token: Flags.string({
      helpValue: 'TOKEN',
      summary: 'Bearer token for the service.',
      description: 'UNIQUEID_TOKEN is safer: other users can see flags.',
    }),
    limit: Flags.string({helpValue: 'N', default: DEFAULT_LIMIT, summary: 'List at most N modes.'}),
    after: Flags.string({helpValue: 'MODE', summary: 'List only modes after MODE.'}),
    'config-sources': Flags.boolean({summary: "Show each setting's value and source."}),
    cpconfig: Flags.string({
      helpValue: 'FILE',
      dependsOn: ['config-sources'],
      summary: 'CherryPy file (INI) for --config-sources.',
    }),
  };

  async run(): Promise<string | undefined> {
    const {flags} = await this.parse(Status, withWatchSeconds(this.argv));
    const config = this.configure(flags);
    if (flags['config-sources']) return this.#sources(config);
    const page = {after: flags.after, limit: parseLimit(flags.limit)};
    const server = chooseServer(config, flags);
    const {token = process.env['UNIQUEID_TOKEN']} = flags;
    const requestOptions = {timeoutMs: config.settings.requestTimeoutMs, token};
    if (flags.watch !== undefined) {
      const source =
        server === undefined
          ? repeatedStatus(config, page)
          : () => remoteStatus(server, requestOptions, page);
      await this.#watch(source, parseWatch(flags.watch));
      return undefined;
    }
    const status = await (server === undefined
      ? databaseStatus(config, page, this.jsonEnabled())
      : remoteStatus(server, requestOptions, page));
    const {problem} = status.schema;
    if (problem !== null) process.exitCode = errorTable[problem.code].exit;
    this.#show(status);
    return exactJson(status);
  }

  #show(status: StatusDocument): void {
    const options = {width: process.stdout.columns || Infinity, colour: colours(process.stdout)};
    this.logLines(statusLines(status, options));
  }

  async #watch(source: () => Promise<StatusDocument>, intervalMs: number): Promise<void> {
    const json = this.jsonEnabled();
    await runUntilSignal(async (signal) => {
      if (process.stdout.isTTY && !json) {
        const {watchStatus} = await import('../cli/status/watch.js');
        await watchStatus(source, process.stdout, {intervalMs, colour: colours(process.stdout), signal});
      } else {
        const {followStatus} = await import('../cli/status/stream.js');
        await followStatus(source, intervalMs, json, signal, (status) => {
          this.#show(status);
          this.log();
        });
      }
    });
  }

  #sources(config: Config): string {
    const sources = settingSources(config);
    const columns = [{title: 'SETTING'}, {title: 'VALUE', alignLeft: true}, {title: 'FROM', alignLeft: true}];
    const rows = sources.map(({setting, value, source}) => [setting, value === '' ? '-' : value, source]);
    this.logLines(formatTable(columns, rows, process.stdout.columns || Infinity));
    return exactJson({settings: sources});
  }
}
