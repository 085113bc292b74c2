import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {printNotice} from '../cli/process/stderr.js';
import {connect, withStore, type CommandOutput} from '../cli/database/connect.js';
import {takeMarksAlong, withCopyTarget} from '../cli/database/copy-target.js';
import {readSpellings} from '../cli/database/spellings-file.js';
import {copyWithTasks, syncWithTasks, type CopyOptions, type CopyResult} from '../cli/database/tasks.js';
import {formatInteger} from '../lib/util/text/numbers.js';
import {formatTable} from '../cli/terminal/table.js';
import {exactJson} from '../lib/util/exact-json.js';
import {parseDatabaseUrl, redactDatabaseUrl} from '../lib/config/database-url.js';
import {withIdentity} from '../lib/allocation/memory/identity.js';
import type {Config} from '../lib/config/resolve.js';
import {Issued} from '../lib/operations/issued.js';
import {UniqueIDError} from '../lib/core/errors.js';
import {planMigration, type MigrationPlan} from '../lib/store/schema/migrate.js';
import {stepsFrom} from '../lib/store/schema/steps.js';
import {schemaDifference, schemaProblem} from '../lib/store/schema/verdict.js';
import {
  describeState,
  formatVersion,
  isCurrent,
  isServable,
  type SchemaState,
} from '../lib/store/schema/version.js';
import type {Store} from '../lib/store/store.js';

/** The output of `--check --json`. */
interface CheckDocument {
  readonly database: string;
  readonly schema: string;
  readonly safe: boolean;
  readonly equal: boolean;
  /** The origin of the database URL, such as `config.ini:2`. */
  readonly source: string;
}

/** The output of `--json` without `--check` and `--from`. */
interface SyncDocument {
  readonly database: string;
  readonly before: string;
  readonly after: string;
  readonly steps: readonly string[];
  readonly dryRun: boolean;
}

export default class Dbsync extends BaseCommand {
  static override summary = 'Create the database or upgrade its schema.';

  static override description =
    'Runs each step in its own transaction and keeps every counter. It is safe to run again, or twice at ' +
    'the same time.';

  static override usage = [
    '<%= command.id %> [--dry-run] [--from URL [--spellings FILE]]',
    '<%= command.id %> --check [--equal]',
  ];

  static override examples = [
    {
      description: 'Create or upgrade the configured database',
      command: '<%= config.bin %> <%= command.id %>',
    },
    {description: 'Show what would be done', command: '<%= config.bin %> <%= command.id %> --dry-run'},
    {
      description: 'Move from SQLite to PostgreSQL',
      command:
        '<%= config.bin %> <%= command.id %> --from sqlite:///db.sqlite3 --database ' +
        'postgresql://u@h/uniqueid',
    },
    {
      description: 'Check in a script that the schema is safe to serve',
      command: '<%= config.bin %> <%= command.id %> --check',
    },
  ];

  static override flags = {
    'dry-run': Flags.boolean({
      default: false,
      summary: 'Show the steps without running them.',
      exclusive: ['check'],
    }),
    from: Flags.string({
      helpValue: 'URL',
      exclusive: ['check'],
      summary: 'Copy the counters of another database; keep the higher value of each.',
    }),
    spellings: Flags.string({
      helpValue: 'FILE',
      dependsOn: ['from'],
      summary: 'With --from a case-insensitive table: list of the spellings that clients used, one per line.',
    }),
    check: Flags.boolean({summary: 'Change nothing; exit with 0 if the schema is safe to serve, else 3.'}),
    equal: Flags.boolean({
      summary: 'With --check, exit with 0 only if the schema is exactly the current version.',
      dependsOn: ['check'],
    }),
  };

  async run(): Promise<SyncDocument | CheckDocument | string> {
    const {flags} = await this.parse(Dbsync);
    const config = this.configure(flags);
    const output = {print: printNotice};
    if (flags.from !== undefined) {
      return this.#copy(flags.from, config, output, {
        silent: this.jsonEnabled(),
        dryRun: flags['dry-run'],
        spellings: flags.spellings === undefined ? undefined : readSpellings(flags.spellings),
      });
    }
    if (flags.check)
      return withStore(connect(config, output, {readOnly: true}), (store) =>
        this.#check(store, config.origins.databaseUrl, flags.equal),
      );
    if (flags['dry-run']) return this.#dryRun(config, output);
    return withStore(connect(config, output, {create: true}), (store) => this.#sync(store));
  }

  async #copy(
    from: string,
    config: Config,
    output: CommandOutput,
    options: Omit<CopyOptions, 'issued'>,
  ): Promise<string> {
    const source = {...config, settings: {...config.settings, databaseUrl: parseDatabaseUrl(from)}};
    return withStore(connect(source, output, {readOnly: true}), async (old) => {
      const {silent, dryRun} = options;
      const location = redactDatabaseUrl(config.settings.databaseUrl);
      const issued = await Issued.read(old, source.settings, true);
      for (const text of issued.news()) output.print(text);
      if (dryRun) {
        return withCopyTarget(config, output, async (store) =>
          this.#copied(
            old,
            location,
            true,
            await copyWithTasks(old, {location, store}, {...options, issued}),
          ),
        );
      }
      return withStore(connect(config, output, {create: true}), async (store) => {
        await syncWithTasks(store, {silent});
        const result = await copyWithTasks(old, {location, store}, {...options, issued});
        await takeMarksAlong(store, config.settings, result.raises, output);
        const document = this.#copied(old, location, false, result);
        if (silent) return document;
        output.print(`Stop using ${old.location}: ${location} will issue the same integers.`);
        if (result.spellings.length > 0 || options.spellings !== undefined) {
          output.print(
            `Each spelling has its own counter in ${location}. Set create_modes = no there first: ` +
              'it rejects spellings that were not copied, which would otherwise get a new counter.',
          );
        }
        return document;
      });
    });
  }

  #copied(old: Store, location: string, dryRun: boolean, {raises, spellings}: CopyResult): string {
    const rows = raises.map(({mode, before, after}) => [
      mode,
      before === undefined ? '-' : formatInteger(before),
      formatInteger(after),
    ]);
    const titles = ['MODE', 'BEFORE', 'AFTER'].map((title) => ({title}));
    if (rows.length > 0) {
      this.logLines(formatTable(titles, rows, process.stdout.columns || Infinity));
      this.log();
    }
    this.log(
      `${dryRun ? 'Would copy' : 'Copied'} ${raises.length} counter${raises.length === 1 ? '' : 's'} ` +
        `from ${old.location} to ${location}.`,
    );
    if (spellings.length > 0) {
      this.log(
        `Further spellings, each with its counter from ${old.location}: ` +
          `${spellings.map((mode) => JSON.stringify(mode)).join(', ')}.`,
      );
    }
    const copied = raises.map(({mode, before, after}) => ({mode, before: before ?? null, after}));
    return exactJson({source: old.location, database: location, dryRun, spellings, copied});
  }

  async #sync(store: Store): Promise<SyncDocument> {
    const {before, steps} = await syncWithTasks(store, {silent: this.jsonEnabled()});
    await withIdentity(store);
    const after = describeState(await store.readSchema());
    this.log(
      steps.length === 0
        ? `${store.location} is at schema ${after}; nothing to do.`
        : `${store.location} is now at schema ${after} (before: ${before}).`,
    );
    return {database: store.location, before, after, steps: steps.map(({name}) => name), dryRun: false};
  }

  async #dryRun(config: Config, output: CommandOutput): Promise<SyncDocument> {
    const location = redactDatabaseUrl(config.settings.databaseUrl);
    const {before, steps} = await readPlan(() => connect(config, output, {readOnly: true}));
    for (const {name, to} of steps) this.log(`Would ${name} in ${location} (schema ${formatVersion(to)}).`);
    if (steps.length === 0) this.log(`${location} is at schema ${before}; nothing to do.`);
    const after = steps.at(-1)?.to;
    return {
      database: location,
      before,
      after: after === undefined ? before : formatVersion(after),
      steps: steps.map(({name}) => name),
      dryRun: true,
    };
  }

  async #check(store: Store, source: string, exactly: boolean): Promise<CheckDocument> {
    const state = await store.readSchema();
    const problem = exactly ? schemaDifference(state, store.location) : schemaProblem(state, store.location);
    if (problem !== undefined) throw problem;
    this.log(`${store.location} is at schema ${describeState(state)}: safe to serve.`);
    this.log(`The database URL comes from: ${source}.`);
    return {
      database: store.location,
      schema: describeState(state),
      safe: isServable(state),
      equal: isCurrent(state),
      source,
    };
  }
}

/** Returns the migration plan without creating a missing database. */
async function readPlan(open: () => Promise<Store>): Promise<MigrationPlan> {
  try {
    return await withStore(open(), planMigration);
  } catch (error) {
    if (!(error instanceof UniqueIDError) || error.code !== 'DATABASE_MISSING') throw error;
    const absent: SchemaState = {kind: 'absent'};
    return {before: describeState(absent), steps: stepsFrom(absent)};
  }
}
