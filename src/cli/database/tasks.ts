import {Listr, ListrLogger, ProcessOutput, type ListrTask} from 'listr2';
import {toUniqueIDError, UniqueIDError} from '../../lib/core/errors.js';
import {retryTransient} from '../../lib/util/retry.js';
import {planMigration, type MigrationPlan} from '../../lib/store/schema/migrate.js';
import {copyCounters, copyIntoEmpty, readMinimums} from '../../lib/operations/copy.js';
import type {Issued} from '../../lib/operations/issued.js';
import {findSpellings, type CopyTarget} from '../../lib/operations/spellings.js';
import type {CounterMinimum, Raise, Store} from '../../lib/store/store.js';
import {visible} from '../../lib/util/text/visible.js';
import {colours} from '../terminal/colour.js';

/** The time that a step waits for a lock of another process. */
const LOCK_WAIT = {timeoutMs: 30_000};

/** Brings a database to the current version, and shows each step on stderr. */
export async function syncWithTasks(store: Store, options: {silent: boolean}): Promise<MigrationPlan> {
  const plan = await retryTransient(() => planMigration(store), LOCK_WAIT);
  const tasks = plan.steps.map((step, index) =>
    timedTask(
      capitalize(step.name),
      async () => {
        const outcome = await retryTransient(() => store.applyStep(step), LOCK_WAIT);
        return outcome === 'already' ? 'already done by another process' : undefined;
      },
      index === 0 ? 'Nothing was changed.' : 'Earlier steps are complete; this one changed nothing.',
    ),
  );
  await runTasks(tasks, options.silent);
  return plan;
}

export interface CopyResult {
  readonly raises: readonly Raise[];
  /** The copied modes that the source stores under another spelling. */
  readonly spellings: readonly string[];
}

export interface CopyOptions {
  readonly silent: boolean;
  readonly dryRun: boolean;
  /** Further spellings that clients have used; `undefined` if unknown. */
  readonly spellings: readonly string[] | undefined;
  /** The integers issued from the source, also if its counters went back since. */
  readonly issued: Pick<Issued, 'raised' | 'lost' | 'spellings'>;
}

/** Copies every counter of `source` into a target, or only computes the result; shows each step on stderr. */
export async function copyWithTasks(
  source: Store,
  target: CopyTarget,
  {silent, dryRun, spellings: listed, issued}: CopyOptions,
): Promise<CopyResult> {
  const {location, store} = target;
  let spellings: readonly CounterMinimum[] = [];
  let minimums: readonly CounterMinimum[] = [];
  let raises: readonly Raise[] = [];
  const tasks = [
    timedTask(
      `Read the counters of ${source.location}`,
      async () => {
        const counters = await readMinimums(source, store);
        minimums = [...(await issued.raised(counters)), ...issued.lost(counters)];
        const used = listed && [...listed, ...issued.spellings(counters)];
        spellings = await issued.raised(await findSpellings(source, target, minimums, used));
        return undefined;
      },
      'No counter was changed.',
    ),
    timedTask(
      `${dryRun ? 'Compare' : 'Raise'} the counters of ${location}`,
      async () => {
        raises =
          store === undefined
            ? copyIntoEmpty([...minimums, ...spellings])
            : await retryTransient(() => copyCounters(store, [...minimums, ...spellings], dryRun), LOCK_WAIT);
        return undefined;
      },
      'No counter was changed.',
    ),
  ];
  await runTasks(tasks, silent);
  return {raises, spellings: spellings.map(({mode}) => mode)};
}

/**
 * Returns a task whose title shows how long it took.
 *
 * @param work may return a remark, which the title shows instead
 * @param aftermath the state of the database if the task fails, in one sentence
 */
function timedTask(title: string, work: () => Promise<string | undefined>, aftermath: string): ListrTask {
  return {
    title: visible(title),
    task: async (_: unknown, task: {title: string}) => {
      const started = performance.now();
      try {
        const remark = await work();
        task.title += ` (${remark ?? `${(performance.now() - started).toFixed(0)} ms`})`;
      } catch (error) {
        throw new TaskFailure(withAftermath(error, aftermath));
      }
    },
  };
}

/** Wraps what a task throws, because the task list prints the message of an error raw. */
class TaskFailure extends Error {
  constructor(override readonly cause: unknown) {
    super(visible(toUniqueIDError(cause).message));
  }
}

function withAftermath(error: unknown, aftermath: string): unknown {
  if (!(error instanceof UniqueIDError)) return error;
  return error.reworded(`${error.message} ${aftermath}`, error);
}

async function runTasks(tasks: ListrTask[], silent: boolean): Promise<void> {
  const logger = new ListrLogger({
    useIcons: true,
    processOutput: new ProcessOutput(process.stderr, process.stderr),
    toStderr: [],
  });
  const {yellow, green, red} = colours(process.stderr);
  const icon =
    (style: typeof red) =>
    (text = '') =>
      style(visible(text));
  const color = {
    STARTED: icon(yellow),
    PENDING: icon(yellow),
    COMPLETED: icon(green),
    FAILED: icon(red),
  };
  const list = new Listr(tasks, {
    // listr2 exits with status 127 on Ctrl-C; a step is one transaction and needs no clean-up.
    registerSignalListeners: false,
    renderer: silent ? 'silent' : process.stderr.isTTY ? 'default' : 'simple',
    fallbackRenderer: 'simple',
    fallbackRendererCondition: false,
    silentRendererCondition: false,
    // The command reports the failure at its end.
    rendererOptions: {logger, color, showErrorMessage: false},
    fallbackRendererOptions: {logger, color},
  });
  try {
    await list.run();
  } catch (thrown) {
    throw thrown instanceof TaskFailure ? thrown.cause : thrown;
  }
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
