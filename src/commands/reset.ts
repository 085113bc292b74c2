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
  static override summary = 'Move a counter forward or backward.';

  static override description =
    'Shows the current and the new value of each counter, and how many integers could then be issued ' +
    'twice. A move forward needs a yes; a move backward needs the name typed. Without a terminal, ' +
    'nothing happens unless you pass --yes.';

  static override usage = '<%= command.id %> [-m MODE... | --all] --to N [--server URL...] [-y] [--dry-run]';

  static override examples = [
    {
      description: 'Skip integers that another system has used',
      command: '<%= config.bin %> <%= command.id %> --mode file --to 300000',
    },
    {
      description: 'Show what would change',
      command: '<%= config.bin %> <%= command.id %> --mode file --to 300000 --dry-run',
    },
    {
      description: 'Reset all modes of a test database to 0',
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
      summary: 'Counter to move; repeatable.',
    }),
    all: Flags.boolean({summary: 'Move every counter.'}),
    // Without a default: a forgotten --to must not move a counter.
    to: Flags.string({helpValue: 'N', summary: 'Next integer to issue (required).'}),
    yes: Flags.boolean({char: 'y', summary: 'Do not ask for confirmation.'}),
    'dry-run': Flags.boolean({default: false, summary: 'Show what would change without changing it.'}),
    server: Flags.string({
      helpValue: 'URL',
      multiple: true,
      multipleNonGreedy: true,
      summary: 'Reject the reset if this service has issued integers from N on; repeatable.',
    }),
    token: Flags.string({
      helpValue: 'TOKEN',
      dependsOn: ['server'],
      summary: 'Bearer token for the service.',
      description: 'UNIQUEID_TOKEN is safer: other users can see flags.',
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
        setLossMessage('Cannot write to stdout; nothing was changed');
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
        printNotice('Restart the services on this database: they reject a counter that went backward.');
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
      hint: 'The first getid for a mode creates it.',
    });
  return pickMode(
    'Which mode do you want to reset? (type to search)',
    counters.map(({mode}) => mode),
  );
}

function describeMoves(count: number): string {
  return count === 1 ? 'The counter was moved' : `The ${count} counters were moved`;
}

function missingModeError(): UniqueIDError {
  return new UniqueIDError('USAGE', 'No mode given.', {
    hint: 'Pass --mode MODE, or --all for every counter; a terminal offers a list.',
  });
}

/** @throws UniqueIDError `REJECTED` unless the user confirms */
async function confirmReset(
  changes: readonly ResetMove[],
  database: string | undefined,
  isInteractive: boolean,
): Promise<void> {
  if (!isInteractive) {
    throw new UniqueIDError('REJECTED', 'No terminal to confirm on; nothing was changed.', {
      hint: 'Run it on a terminal, or pass --yes if you are sure.',
    });
  }
  if (!(await isConfirmed(changes, database)))
    throw new UniqueIDError('REJECTED', 'Not confirmed; nothing was changed.', {
      hint: 'Run it again and answer y, or type the name exactly as shown.',
    });
}

/** Asks for a yes before a move forward; before a move backward, for the database's or each mode's name. */
async function isConfirmed(changes: readonly ResetMove[], database: string | undefined): Promise<boolean> {
  const {askToType, askYesNo} = await import('../cli/terminal/prompts.js');
  const backward = changes.filter((move) => move.backward);
  if (backward.length === 0) return askYesNo('Move forward?');
  if (database !== undefined)
    return askToType(`Type the name of the database to confirm (${database}):`, database);
  for (const {mode} of backward)
    if (!(await askToType(`Type the name of the mode to confirm (${mode}):`, mode))) return false;
  return true;
}

function parseIndex(text: string | undefined): bigint {
  if (text === undefined) {
    throw new UniqueIDError('USAGE', '--to is missing.', {
      hint: 'Pass --to N, the next integer to issue; N must be higher than every integer in use.',
    });
  }
  if (!/^[0-9]{1,19}$/.test(text) || BigInt(text) > MAX_COUNTER) {
    throw new UniqueIDError(
      'USAGE',
      `--to must be a whole number from 0 to ${MAX_COUNTER}, not ${JSON.stringify(text)}.`,
      {
        hint: 'Pass the next integer to issue.',
      },
    );
  }
  return BigInt(text);
}
