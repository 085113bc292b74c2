import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {connectIfServable, withStore} from '../cli/database/connect.js';
import {tokenFlag} from '../cli/getid/flags.js';
import {askForMode, askForTarget, confirmReset} from '../cli/reset/questions.js';
import {recordLines, resetRecord} from '../cli/reset/record.js';
import {issuedLines, planLines} from '../cli/reset/screen.js';
import {assertNotIssued} from '../cli/reset/service-check.js';
import {missingTargetError, parseTarget} from '../cli/reset/target.js';
import {colours} from '../cli/terminal/colour.js';
import {printNotice} from '../cli/process/stderr.js';
import {assertPrinted, assertStdoutOpen, setLossMessage} from '../cli/process/stdout.js';
import {canPrompt} from '../cli/terminal/traits.js';
import {parseMode} from '../lib/core/mode.js';
import {Issued} from '../lib/operations/issued.js';
import type {Settings} from '../lib/config/settings.js';
import type {Store} from '../lib/store/store.js';
import {
  applyReset,
  changesOf,
  planReset,
  readCounters,
  type ResetMove,
  type ResetTarget,
} from '../lib/operations/reset.js';
import {toUniqueIDError, UniqueIDError} from '../lib/core/errors.js';
import {exactJson} from '../lib/util/exact-json.js';

export default class Reset extends BaseCommand {
  static override summary = 'Move a counter forward or backward.';

  static override description =
    'Shows the current and the new value of each counter, and how many integers could then be issued ' +
    'twice. A move forward needs a yes, or --yes. A move back needs the name of the mode typed on a ' +
    'terminal (with --all the number of modes), or both --yes and --allow-duplicates. ' +
    'After a restore, use --at-least: it never lowers a counter.';

  static override usage =
    '<%= command.id %> [-m MODE... | --all] [--at-least N | --to N | --by N] [--server URL...] ' +
    '[--yes [--allow-duplicates]] [--dry-run]';

  static override examples = [
    {
      description: 'Raise every counter after a restore, past every integer in use',
      command: '<%= config.bin %> <%= command.id %> --all --at-least 300000',
    },
    {
      description: 'Skip integers that another system has used',
      command: '<%= config.bin %> <%= command.id %> --mode file --by 5000',
    },
    {
      description: 'Show what would change',
      command: '<%= config.bin %> <%= command.id %> --mode file --to 300000 --dry-run',
    },
    {
      description: 'Reset all modes of a test database to 0',
      command:
        '<%= config.bin %> <%= command.id %> --all --to 0 --yes --allow-duplicates ' +
        '--database sqliteext:///test.sqlite3',
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
    // None has a default: a forgotten target must not move a counter.
    'at-least': Flags.string({
      helpValue: 'N',
      exclusive: ['to', 'by'],
      summary: 'Raise each counter below N to N; never lower one.',
    }),
    to: Flags.string({
      helpValue: 'N',
      exclusive: ['at-least', 'by'],
      summary: 'Move to exactly N, the next integer to issue.',
    }),
    by: Flags.string({
      helpValue: 'N',
      exclusive: ['at-least', 'to'],
      summary: 'Move forward by N, which skips N integers.',
    }),
    // Without a default, so that --allow-duplicates depends on a given --yes.
    yes: Flags.boolean({char: 'y', summary: 'Do not ask before a move forward.'}),
    'allow-duplicates': Flags.boolean({
      dependsOn: ['yes'],
      exclusive: ['by'],
      summary: 'With --yes: do not ask before a move back either.',
    }),
    'dry-run': Flags.boolean({default: false, summary: 'Show what would change without changing it.'}),
    server: Flags.string({
      helpValue: 'URL',
      multiple: true,
      multipleNonGreedy: true,
      summary: 'Reject a move below what this service has issued; repeatable.',
      description:
        'UNIQUEID_SERVER is not used: a reset is safe only if every service on the database is named.',
    }),
    token: Flags.string({
      dependsOn: ['server'],
      ...tokenFlag,
    }),
  };

  async run(): Promise<string> {
    const {flags} = await this.parse(Reset);
    const config = this.configure(flags);
    const {settings} = config;
    const isInteractive = canPrompt(this.jsonEnabled());
    const named = flags.all ? undefined : (flags.mode ?? []).map(parseMode);
    if (named?.length === 0 && !isInteractive) throw missingModeError();
    const given = parseTarget(flags);
    if (given === undefined && !isInteractive) throw missingTargetError();
    const dryRun = flags['dry-run'];
    const opening = connectIfServable(config, {print: printNotice}, {readOnly: dryRun});
    return withStore(opening, async (store) => {
      const counters = await readCounters(store, named?.length === 0 ? [await askForMode(store)] : named);
      const target = given ?? (await askForTarget(counters, store.location));
      const issued = await readIssued(store, settings, dryRun);
      const plan = planReset(counters, target, store.location, (mode) => issued.mark(mode));
      const changes = changesOf(plan);
      this.logLines(planLines(plan, {width: process.stdout.columns, colour: colours(process.stdout)}));
      if (flags.server !== undefined) {
        const {token = process.env['UNIQUEID_TOKEN']} = flags;
        await assertNotIssued(flags.server, store, changes, {timeoutMs: settings.requestTimeoutMs, token});
      }
      this.logLines(issuedLines(changes, issued, process.stdout.columns));
      const isCarriedOut = !dryRun && changes.length > 0;
      if (isCarriedOut) {
        await assertRecordable();
        await confirmReset(changes, {
          database: flags.all ? store.location : undefined,
          yes: flags.yes,
          allowDuplicates: flags['allow-duplicates'],
          isInteractive,
        });
      }
      const {requestTimeoutMs} = settings;
      const moves = isCarriedOut ? await carryOut(store, {plan, target, issued, requestTimeoutMs}) : plan;
      const record = resetRecord(store.location, moves, dryRun);
      for (const line of recordLines(record)) this.log(line);
      return exactJson(record);
    });
  }
}

async function readIssued(store: Store, settings: Settings, dryRun: boolean): Promise<Issued> {
  const issued = await Issued.read(store, settings, dryRun);
  for (const text of issued.news()) printNotice(text);
  return issued;
}

interface Confirmed {
  readonly plan: readonly ResetMove[];
  readonly target: ResetTarget;
  readonly issued: Issued;
  readonly requestTimeoutMs: number;
}

/** @returns the moves as carried out */
async function carryOut(
  store: Store,
  {plan, target, issued, requestTimeoutMs}: Confirmed,
): Promise<readonly ResetMove[]> {
  await issued.refresh();
  const moves = await applyReset(store, plan, target, requestTimeoutMs);
  setLossMessage(`${describeMoves(moves)}, but the record could not be written to stdout`);
  await noteMoves(moves, issued);
  return moves;
}

/** Makes sure that no move is made if its record would be lost. */
async function assertRecordable(): Promise<void> {
  setLossMessage('Cannot write to stdout; nothing was changed');
  await assertPrinted();
  assertStdoutOpen();
}

/** Lets the services of this machine know that the moves are on purpose. */
async function noteMoves(moves: readonly ResetMove[], issued: Issued): Promise<void> {
  const backward = changesOf(moves).filter((move) => move.backward);
  try {
    if (backward.length > 0) await issued.recordReset(backward);
  } catch (error) {
    // The counters are moved: their record must be printed.
    printNotice(unnotedReset(toUniqueIDError(error)));
  }
  for (const text of await issued.close()) printNotice(text);
}

function unnotedReset({message}: UniqueIDError): string {
  return (
    `The file of high-water marks lacks this reset: ${message} ` +
    'Check with "uniqueid status" that no running service raises the counters again.'
  );
}

function describeMoves(moves: readonly ResetMove[]): string {
  const {length} = changesOf(moves);
  return length === 1 ? 'The counter was moved' : `The ${length} counters were moved`;
}

function missingModeError(): UniqueIDError {
  return new UniqueIDError('USAGE', 'No mode given.', {
    hint: 'Pass --mode MODE, or --all for every counter; a terminal offers a list.',
  });
}
