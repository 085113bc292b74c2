// The thread that a server's SQLite store works on; `threaded-store.ts` starts it and asks it.
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
    // A store of SQLite has done its work when it returns its promise.
    send({id, value: await latch.enter(() => ask(store, question))});
  } catch (error) {
    send({id, error: toSentError(error)});
  }
  if (method === 'close') parentPort?.close();
}

/** The question was a call of this method on the other side, so the arguments are its own, but for the claims of a group. */
async function ask(store: Store, {method, args}: Question): Promise<unknown> {
  if (method === 'advance') {
    const [claims, firstIndex] = args as [SentClaims, bigint];
    return toSentClaimResults(await store.advance(fromSentClaims(claims), firstIndex));
  }
  const methods = store as unknown as Readonly<Record<StoreMethod, (...args: readonly unknown[]) => unknown>>;
  return methods[method](...args);
}
