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

/** The entry of package.json stays valid wherever the build puts this module. */
const threadProgram = createRequire(import.meta.url).resolve('#sqlite-thread');

/**
 * Opens an SQLite database on a thread of its own: while a commit is synced, this thread goes on reading requests and
 * answering them, and no lock of another process ever stops it.
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
    latch.close(LONGEST_CALL_MS);
  };
  process.once('exit', closeLatch);
  worker.once('exit', () => process.off('exit', closeLatch));
  const store = new ThreadedStore(path, worker);
  await store.opened;
  return store;
}

/** How long the end of the process waits for a commit or a lock, in milliseconds. */
const LONGEST_CALL_MS = 5000;

interface Asked {
  readonly resolve: (value: never) => void;
  readonly reject: (error: UniqueIDError) => void;
}

/** Asks a store on another thread, one message a call. */
class ThreadedStore implements Store {
  readonly location: string;
  /** Fulfilled when the database is open. */
  readonly opened: Promise<void>;
  readonly #worker: Worker;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  #ended: UniqueIDError | undefined;
  #closed: Promise<void> | undefined;

  constructor(path: string, worker: Worker) {
    this.location = path;
    this.#worker = worker;
    this.opened = this.#answerTo(0);
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
    return this.#ask('readSchema');
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#ask('applyStep', step);
  }

  async advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    return fromSentClaimResults(
      await this.#ask<SentClaimResults>('advance', toSentClaims(claims), firstIndex),
    );
  }

  counters(page?: CounterPage): Promise<readonly Counter[]> {
    return this.#ask('counters', page);
  }

  highestCounters(limit: number): Promise<readonly Counter[]> {
    return this.#ask('highestCounters', limit);
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#ask('counter', mode);
  }

  countModes(most: number): Promise<number> {
    return this.#ask('countModes', most);
  }

  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    return this.#ask('moveCounters', moves);
  }

  raiseCounters(minimums: readonly CounterMinimum[], dryRun: boolean): Promise<readonly Raise[]> {
    return this.#ask('raiseCounters', minimums, dryRun);
  }

  comparison(): Promise<Comparison> {
    return this.#ask('comparison');
  }

  probe(): Promise<void> {
    return this.#ask('probe');
  }

  identity(): Promise<string> {
    return this.#ask('identity');
  }

  facts(): Promise<StoreFacts> {
    return this.#ask('facts');
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = once(this.#worker, 'exit');
    await this.#ask('close');
    await exited;
  }

  #ask<T>(method: StoreMethod, ...args: readonly unknown[]): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const question: Question = {id: ++this.#lastId, method, args};
    this.#worker.postMessage(question);
    return this.#answerTo(question.id);
  }

  #answerTo<T>(id: number): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#asked.set(id, {resolve, reject});
    });
  }

  #receive(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if ('error' in answer) asked?.reject(fromSentError(answer.error));
    else asked?.resolve(answer.value as never);
  }

  /** Whether what was asked last is committed nobody knows, so nobody may use its integers. */
  #end(cause: Error | undefined): void {
    this.#ended ??= new UniqueIDError(
      'DATABASE_UNAVAILABLE',
      `The thread that works on the database ${this.location} has ended.`,
      {cause, hint: 'Start the service again; its error log may tell why.'},
    );
    for (const {reject} of this.#asked.values()) reject(this.#ended);
    this.#asked.clear();
  }
}
