import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {getidFlags, getidSwitches, tokenFlag} from '../cli/getid/flags.js';
import {chooseServer} from '../cli/getid/server.js';
import {colours} from '../cli/terminal/colour.js';
import {sourceLines, sourcesDocument} from '../cli/status/config-sources.js';
import {runUntilSignal} from '../cli/process/signals.js';
import {assertRateKnown, sortStatus, type Listing, type StatusReader} from '../cli/status/listing.js';
import {
  databaseListing,
  parseLimit,
  remoteListing,
  remoteStatus,
  repeatedStatus,
} from '../cli/status/source.js';
import {statusLines} from '../cli/status/screen.js';
import {DEFAULT_WATCH_SECONDS, parseWatch, withWatchSeconds} from '../cli/status/watch-flag.js';
import type {Config} from '../lib/config/resolve.js';
import {errorTable} from '../lib/core/errors.js';
import {parseMode} from '../lib/core/mode.js';
import {exactJson} from '../lib/util/exact-json.js';
import {orders} from '../lib/operations/orders.js';
import type {StatusDocument} from '../lib/operations/status-document.js';

const DEFAULT_LIMIT = '1000';

export default class Status extends BaseCommand {
  static override summary = 'Show the database, its schema and its counters.';

  static override description =
    'Changes nothing, so monitoring can use it as a probe. Exits with 0 if integers can be allocated; ' +
    '3 if the schema is missing, too old or too new; 4 if the database does not answer within ' +
    '--timeout; 7 if the service does not answer.';

  static override usage = [
    '<%= command.id %> [-w [SECONDS]] [--server URL | --local] [-m MODE... | --limit N --after MODE] ' +
      '[--sort ORDER]',
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
    local: Flags.boolean({
      ...getidSwitches.local,
      exclusive: [...getidSwitches.local.exclusive, 'config-sources'],
    }),
    timeout: Flags.string({
      helpValue: 'SECONDS',
      summary: 'Give up after this time, connecting included (default: request_timeout, 10).',
    }),
    token: Flags.string(tokenFlag),
    mode: Flags.string({
      char: 'm',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'MODE',
      exclusive: ['limit', 'after', 'config-sources'],
      summary: 'List only this mode; repeatable.',
    }),
    sort: Flags.string({
      options: [...orders],
      default: 'name',
      exclusive: ['config-sources'],
      summary: 'Order of the modes: by name, or those first that are used most or fastest.',
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
    const listing = parseListing(flags);
    assertRateKnown(listing.order, flags.watch !== undefined);
    const server = chooseServer(config, flags);
    const {token = process.env['UNIQUEID_TOKEN']} = flags;
    const requestOptions = {timeoutMs: config.settings.requestTimeoutMs, token};
    if (flags.watch !== undefined) {
      const read: StatusReader =
        server === undefined ? repeatedStatus(config) : (page) => remoteStatus(server, requestOptions, page);
      await this.#watch(read, listing, parseWatch(flags.watch));
      return undefined;
    }
    const read =
      server === undefined
        ? databaseListing(config, listing, this.jsonEnabled())
        : remoteListing(server, requestOptions, listing);
    const status = sortStatus(await read, listing);
    const {problem} = status.schema;
    if (problem !== null) process.exitCode = errorTable[problem.code].exit;
    this.#show(status, listing);
    return exactJson(status);
  }

  #show(status: StatusDocument, {order}: Listing): void {
    const options = {width: process.stdout.columns || Infinity, colour: colours(process.stdout)};
    this.logLines(statusLines(status, order, options));
  }

  async #watch(read: StatusReader, listing: Listing, intervalMs: number): Promise<void> {
    const json = this.jsonEnabled();
    await runUntilSignal(async (signal) => {
      if (process.stdout.isTTY && !json) {
        const {watchStatus} = await import('../cli/status/watch.js');
        await watchStatus(read, process.stdout, {listing, intervalMs, colour: colours(process.stdout)});
      } else {
        const {followStatus} = await import('../cli/status/stream.js');
        await followStatus(read, {listing, intervalMs, json, signal}, (status) => {
          this.#show(status, listing);
          this.log();
        });
      }
    });
  }

  #sources(config: Config): string {
    this.logLines(sourceLines(config, process.stdout.columns || Infinity));
    return exactJson(sourcesDocument(config));
  }
}

/** @throws UniqueIDError `USAGE`, `INVALID_MODE` */
function parseListing(flags: {
  readonly mode?: readonly string[] | undefined;
  readonly sort: string;
  readonly limit: string;
  readonly after?: string | undefined;
}): Listing {
  const {after} = flags;
  const modes = flags.mode === undefined ? undefined : [...new Set(flags.mode.map(parseMode))];
  const order = orders.find((each) => each === flags.sort) ?? 'name';
  const limit = modes === undefined ? parseLimit(flags.limit) : modes.length;
  return {modes: modes?.sort(compareBytes), after, limit, order};
}

/** Compares names as databases list them. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
