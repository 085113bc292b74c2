import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {connectIfServable, withStore} from '../cli/database/connect.js';
import {assertNotIssued} from '../cli/reset/service-check.js';
import {formatInteger} from '../cli/terminal/numbers.js';
import {recordLines, resetRecord} from '../cli/reset/record.js';
import {formatTable} from '../cli/terminal/table.js';
import {printNotice} from '../cli/process/stderr.js';
import {assertPrinted, assertStdoutOpen, setLossMessage} from '../cli/process/stdout.js';
import {canPrompt} from '../cli/terminal/traits.js';
import {parseMode} from '../lib/core/mode.js';
import {MAX_COUNTER} from '../lib/core/range.js';
import {applyReset, planReset, type ResetMove} from '../lib/operations/reset.js';
import {databaseName} from '../lib/config/database-url.js';
import {UniqueIDError} from '../lib/core/errors.js';
import {exactJson} from '../lib/util/exact-json.js';
import type {Store} from '../lib/store/store.js';

export default class Reset extends BaseCommand {
  static override summary = 'Move a counter, forward or back.';

  static override description =
    'Shows where each counter stands, where it would go, and how many integers could then be issued a second time. A move forward asks for a yes; a move back asks for the name to be typed. Without a terminal nothing happens unless --yes is given.';

  static override usage = '<%= command.id %> [-m MODE... | --all] --to N [--server URL...] [-y] [--dry-run]';

  static override examples = [
    {
      description: 'Skip integers that another system has used',
      command: '<%= config.bin %> <%= command.id %> --mode file --to 300000',
    },
    {
      description: 'See what it would do',
      command: '<%= config.bin %> <%= command.id %> --mode file --to 300000 --dry-run',
    },
    {
      description: 'Start all modes of a test database anew',
      command: '<%= config.bin %> <%= command.id %> --all --to 0 --yes --database sqliteext:///test.sqlite3',
    },
  ];

  static override flags = {
    mode: Flags.string({
      char: 'm',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'MODE',
      exclusive: ['all'],
      summary: 'The counter to move; may be given more than once.',
    }),
    all: Flags.boolean({summary: 'Move every counter.'}),
    to: Flags.string({
      helpValue: 'N',
      summary: 'The next integer to give. Required: no counter moves to a place that nobody named.',
    }),
    yes: Flags.boolean({char: 'y', summary: 'Do not ask.'}),
    'dry-run': Flags.boolean({default: false, summary: 'Show what would change and change nothing.'}),
    server: Flags.string({
      helpValue: 'URL',
      multiple: true,
      multipleNonGreedy: true,
      summary: 'A service on this database: refuse what it has handed out; may be given more than once.',
    }),
    token: Flags.string({
      helpValue: 'TOKEN',
      dependsOn: ['server'],
      summary: 'Token for a service that asks for one.',
      description: 'Safer in UNIQUEID_TOKEN: other users can see flags.',
    }),
  };

  async run(): Promise<string> {
    const {flags} = await this.parse(Reset);
    const config = this.configure(flags);
    const {settings} = config;
    const isInteractive = canPrompt(this.jsonEnabled());
    const named = flags.all ? undefined : (flags.mode ?? []).map(parseMode);
    if (named?.length === 0 && !isInteractive) throw missingModeError();
    const to = parseIndex(flags.to);
    const dryRun = flags['dry-run'];
    const opening = connectIfServable(config, {print: printNotice}, {readOnly: dryRun});
    return withStore(opening, async (store) => {
      const moves = await planReset(store, named?.length === 0 ? [await askForMode(store)] : named, to);
      this.#show(moves);
      const changes = moves.filter(({from}) => from !== to);
      if (flags.server !== undefined) {
        const {token = process.env['UNIQUEID_TOKEN']} = flags;
        await assertNotIssued(flags.server, store, changes, {timeoutMs: settings.requestTimeoutMs, token});
      }
      if (!dryRun && changes.length > 0) {
        // No move is made if its record would be lost.
        setLossMessage('Nothing was changed: stdout cannot be written');
        await assertPrinted();
        assertStdoutOpen();
        if (!flags.yes)
          await confirmReset(
            changes,
            flags.all ? databaseName(settings.databaseUrl) : undefined,
            isInteractive,
          );
        await applyReset(store, changes, settings.requestTimeoutMs);
        setLossMessage(`${describeMoves(changes.length)}, but the record could not be written to stdout`);
      }
      const record = resetRecord(store.location, moves, changes, dryRun);
      for (const line of recordLines(record)) this.log(line);
      if (!dryRun && !this.jsonEnabled() && changes.some(({backward}) => backward)) {
        printNotice('Services that run on this database refuse a counter that went back: start them again.');
      }
      return exactJson(record);
    });
  }

  #show(moves: readonly ResetMove[]): void {
    if (moves.length === 0) return;
    const rows = moves.map(({mode, from, to, reissued}) => [
      mode,
      from === undefined ? 'damaged' : formatInteger(from),
      formatInteger(to),
      from === undefined ? 'unknown' : formatInteger(reissued),
    ]);
    const titles = [
      {title: 'MODE'},
      {title: 'CURRENT', dropOrder: 1},
      {title: 'NEW'},
      {title: 'ISSUED TWICE'},
    ];
    this.logLines(formatTable(titles, rows, process.stdout.columns || Infinity));
    this.log();
  }
}

async function askForMode(store: Store): Promise<string> {
  const [{pickMode}, counters] = await Promise.all([
    import('../cli/terminal/pick-mode.js'),
    store.counters(),
  ]);
  if (counters.length === 0)
    throw new UniqueIDError('UNKNOWN_MODE', `The database ${store.location} has no modes yet.`, {
      hint: 'A mode comes into being with the first getid that names it.',
    });
  return pickMode(
    'Move the counter of which mode? (type to search)',
    counters.map(({mode}) => mode),
  );
}

function describeMoves(count: number): string {
  return count === 1 ? 'The counter moved' : `The ${count} counters moved`;
}

function missingModeError(): UniqueIDError {
  return new UniqueIDError('USAGE', 'No mode is named.', {
    hint: 'Give --mode MODE, or --all for every counter; on a terminal a list is shown.',
  });
}

/** @throws UniqueIDError `REJECTED` unless a person confirms */
async function confirmReset(
  changes: readonly ResetMove[],
  database: string | undefined,
  isInteractive: boolean,
): Promise<void> {
  if (!isInteractive) {
    throw new UniqueIDError('REJECTED', 'Nobody is there to confirm this; nothing was changed.', {
      hint: 'Run it on a terminal, or add --yes if you are sure.',
    });
  }
  if (!(await isConfirmed(changes, database)))
    throw new UniqueIDError('REJECTED', 'Not confirmed; nothing was changed.', {
      hint: 'Run it again, and answer with y, or with the name exactly as it is shown.',
    });
}

/** Asks for a yes before a move forward; before a move backward, for the database's or each mode's name. */
async function isConfirmed(changes: readonly ResetMove[], database: string | undefined): Promise<boolean> {
  const {askToType, askYesNo} = await import('../cli/terminal/prompts.js');
  const backward = changes.filter((move) => move.backward);
  if (backward.length === 0) return askYesNo('Move forward?');
  if (database !== undefined) return askToType(`Type the name of the database (${database}):`, database);
  for (const {mode} of backward)
    if (!(await askToType(`Type the name of the mode (${mode}):`, mode))) return false;
  return true;
}

function parseIndex(text: string | undefined): bigint {
  if (text === undefined) {
    throw new UniqueIDError('USAGE', '--to is missing.', {
      hint: 'Give --to N, the next integer that the mode is to hand out; N must be past every integer in use.',
    });
  }
  if (!/^[0-9]{1,19}$/.test(text) || BigInt(text) > MAX_COUNTER) {
    throw new UniqueIDError(
      'USAGE',
      `--to is ${JSON.stringify(text)}; allowed: a whole number from 0 to ${MAX_COUNTER}.`,
      {
        hint: 'Give the next integer that the mode is to hand out.',
      },
    );
  }
  return BigInt(text);
}
