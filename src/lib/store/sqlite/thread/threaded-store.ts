import {createRequire} from 'node:module';
import {once} from 'node:events';
import {Worker} from 'node:worker_threads';
import {UniqueIDError} from '../../../core/errors.js';
import type {MigrationStep} from '../../schema/steps.js';
import type {SchemaState} from '../../schema/version.js';
import type {
  Claim,
  ClaimResult,
  Comparison,
  Counter,
  CounterMinimum,
  CounterMove,
  CounterPage,
  Lineage,
  OpenOptions,
  Raise,
  Store,
  StoreFacts,
} from '../../store.js';
import {ExitLatch} from './exit-latch.js';
import {
  fromSentClaimResults,
  fromSentError,
  toSentClaims,
  type Answer,
  type Question,
  type SentClaimResults,
  type StoreMethod,
  type ThreadData,
} from './messages.js';

/** Resolved by package.json, so that it stays valid wherever the build puts this module. */
const threadProgram = createRequire(import.meta.url).resolve('#sqlite-thread');

/**
 * Opens an SQLite database on a separate thread. This thread keeps reading and answering requests while a
 * commit is synced, and never blocks on a lock of another process.
 */
export async function openThreadedSqliteStore(
  path: string,
  {create = false, readOnly = false}: OpenOptions = {},
): Promise<Store> {
  const memory = new SharedArrayBuffer(4);
  const data: ThreadData = {path, options: {create, readOnly}, latch: memory};
  const worker = new Worker(threadProgram, {workerData: data});
  const latch = new ExitLatch(memory);
  const closeLatch = (): void => {
    latch.close(EXIT_TIMEOUT_MS);
  };
  process.once('exit', closeLatch);
  worker.once('exit', () => process.off('exit', closeLatch));
  const store = new ThreadedStore(path, worker);
  await store.opened;
  return store;
}

/** Time limit for a commit or a lock while the process ends. */
const EXIT_TIMEOUT_MS = 5000;

interface PendingCall {
  readonly resolve: (value: never) => void;
  readonly reject: (error: UniqueIDError) => void;
}

/** Forwards each call to a store on another thread, as one message. */
class ThreadedStore implements Store {
  readonly location: string;
  /** Fulfilled when the database is open. */
  readonly opened: Promise<void>;
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;
  /** The error of all further calls after the thread has ended. */
  #endError: UniqueIDError | undefined;
  #closed: Promise<void> | undefined;

  constructor(path: string, worker: Worker) {
    this.location = path;
    this.#worker = worker;
    this.opened = this.#waitForAnswer(0);
    worker.on('message', (answer: Answer) => {
      this.#receive(answer);
    });
    worker.on('error', (error) => {
      this.#end(error);
    });
    worker.on('exit', () => {
      this.#end(undefined);
    });
  }

  readSchema(): Promise<SchemaState> {
    return this.#call('readSchema');
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#call('applyStep', step);
  }

  async advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    return fromSentClaimResults(
      await this.#call<SentClaimResults>('advance', toSentClaims(claims), firstIndex),
    );
  }

  async advanceRaised(
    claims: readonly Claim[],
    firstIndex: bigint,
    epoch: number,
  ): Promise<readonly ClaimResult[] | 'reset'> {
    const sent = await this.#call<SentClaimResults | 'reset'>(
      'advanceRaised',
      toSentClaims(claims),
      firstIndex,
      epoch,
    );
    return sent === 'reset' ? sent : fromSentClaimResults(sent);
  }

  lineage(): Promise<Lineage> {
    return this.#call('lineage');
  }

  ensureIdentity(candidate: number): Promise<void> {
    return this.#call('ensureIdentity', candidate);
  }

  readCounters(modes: readonly string[]): Promise<readonly Counter[]> {
    return this.#call('readCounters', modes);
  }

  counters(page?: CounterPage): Promise<readonly Counter[]> {
    return this.#call('counters', page);
  }

  highestCounters(limit: number): Promise<readonly Counter[]> {
    return this.#call('highestCounters', limit);
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#call('counter', mode);
  }

  countModes(limit: number): Promise<number> {
    return this.#call('countModes', limit);
  }

  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    return this.#call('moveCounters', moves);
  }

  raiseCounters(minimums: readonly CounterMinimum[], dryRun: boolean): Promise<readonly Raise[]> {
    return this.#call('raiseCounters', minimums, dryRun);
  }

  comparison(): Promise<Comparison> {
    return this.#call('comparison');
  }

  probe(): Promise<void> {
    return this.#call('probe');
  }

  identity(): Promise<string> {
    return this.#call('identity');
  }

  facts(): Promise<StoreFacts> {
    return this.#call('facts');
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#endError !== undefined) return;
    const exited = once(this.#worker, 'exit');
    await this.#call('close');
    await exited;
  }

  #call<T>(method: StoreMethod, ...args: readonly unknown[]): Promise<T> {
    if (this.#endError !== undefined) return Promise.reject(this.#endError);
    const question: Question = {id: ++this.#lastId, method, args};
    this.#worker.postMessage(question);
    return this.#waitForAnswer(question.id);
  }

  #waitForAnswer<T>(id: number): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {resolve, reject});
    });
  }

  #receive(answer: Answer): void {
    const call = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('error' in answer) call?.reject(fromSentError(answer.error));
    else call?.resolve(answer.value as never);
  }

  /** Rejects all pending calls. Their commits may have happened, so their integers must not be used. */
  #end(cause: Error | undefined): void {
    this.#endError ??= new UniqueIDError(
      'DATABASE_UNAVAILABLE',
      `The thread for the database ${this.location} has ended.`,
      {cause, hint: 'Restart the service.'},
    );
    for (const {reject} of this.#pending.values()) reject(this.#endError);
    this.#pending.clear();
  }
}
