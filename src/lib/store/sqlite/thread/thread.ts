// The thread that runs the SQLite store of a server. `threaded-store.ts` starts it and sends it questions.
import {parentPort, workerData} from 'node:worker_threads';
import type {Store} from '../../store.js';
import {openSqliteStore} from '../store.js';
import {ExitLatch} from './exit-latch.js';
import {
  fromSentClaims,
  toSentClaimResults,
  toSentError,
  type Answer,
  type Question,
  type SentClaims,
  type StoreMethod,
  type ThreadData,
} from './messages.js';

const {path, options, latch: memory} = workerData as ThreadData;
const latch = new ExitLatch(memory);

function send(answer: Answer): void {
  parentPort?.postMessage(answer);
}

try {
  const store = openSqliteStore(path, options);
  send({id: 0, value: undefined});
  parentPort?.on('message', (question: Question) => {
    void answer(store, question);
  });
} catch (error) {
  send({id: 0, error: toSentError(error)});
}

async function answer(store: Store, question: Question): Promise<void> {
  const {id, method} = question;
  try {
    // The SQLite store has finished its work when it returns its promise, so the latch covers all of it.
    send({id, value: await latch.enter(() => call(store, question))});
  } catch (error) {
    send({id, error: toSentError(error)});
  }
  if (method === 'close') parentPort?.close();
}

/** Calls the method with the arguments as sent; only claims and their results are sent in another form. */
async function call(store: Store, {method, args}: Question): Promise<unknown> {
  if (method === 'advance') {
    const [claims, firstIndex] = args as [SentClaims, bigint];
    return toSentClaimResults(await store.advance(fromSentClaims(claims), firstIndex));
  }
  if (method === 'advanceRaised') {
    const [claims, firstIndex, epoch] = args as [SentClaims, bigint, number];
    const results = await store.advanceRaised(fromSentClaims(claims), firstIndex, epoch);
    return results === 'reset' ? results : toSentClaimResults(results);
  }
  const methods = store as unknown as Readonly<Record<StoreMethod, (...args: readonly unknown[]) => unknown>>;
  return methods[method](...args);
}
