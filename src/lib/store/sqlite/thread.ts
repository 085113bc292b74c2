// The thread that a server's SQLite store works on; `threaded-store.ts` starts it and asks it.
import {parentPort, workerData} from 'node:worker_threads';
import type {Store} from '../store.js';
import {openSqliteStore} from './store.js';
import {
  toSentError,
  type Answer,
  type Question,
  type StoreMethod,
  type ThreadData,
} from './thread-messages.js';

const {path, options} = workerData as ThreadData;

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

async function answer(store: Store, {id, method, args}: Question): Promise<void> {
  try {
    send({id, value: await ask(store, method, args)});
  } catch (error) {
    send({id, error: toSentError(error)});
  }
  if (method === 'close') parentPort?.close();
}

/** The question was a call of this method on the other side, so the arguments are its own. */
function ask(store: Store, method: StoreMethod, args: readonly unknown[]): unknown {
  const methods = store as unknown as Readonly<Record<StoreMethod, (...args: readonly unknown[]) => unknown>>;
  return methods[method](...args);
}
