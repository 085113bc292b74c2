import cluster, {type Worker} from 'node:cluster';
import {once} from 'node:events';
import {UniqueIDError} from '../lib/errors.js';
import {relayIssued} from '../lib/server/worker-issued.js';
import {answerForWorkers} from '../lib/server/worker-metrics.js';
import {say} from './say.js';
import {untilStopped} from './signals.js';

const STOP = 'uniqueid:stop';

/** A worker that ends sooner than this was not fit to start, in milliseconds. */
const SOON_MS = 2000;

/** So many unfit starts in a row end the service: restarting for ever would hide what is wrong. */
const MOST_UNFIT = 5;

/** Several processes that answer on one port. */
export interface Workers {
  /** Where they answer, as the first has told. */
  readonly url: string;
  readonly reload: () => void;
  /** Has each answer what it has accepted, and waits. @returns whether all did so in time */
  readonly stop: () => Promise<boolean>;
  /** Fulfilled with an error where workers end again and again. */
  readonly broken: Promise<UniqueIDError>;
}

/**
 * Starts workers with the command line of this process, and starts another for each that ends by itself.
 *
 * @param isInherited whether they are to answer on a socket that was handed to this process
 * @throws UniqueIDError where the first does not come to listen; it has said why
 */
export async function startWorkers(count: number, isInherited: boolean): Promise<Workers> {
  // By turns, this process would accept for them, and what it has accepted is lost when all of them stop. From a
  // socket that outlives it they accept themselves, and leave the rest to whoever comes next.
  if (isInherited) cluster.schedulingPolicy = cluster.SCHED_NONE;
  let stopping = false;
  let unfit = 0;
  let clean = true;
  let report: (error: UniqueIDError) => void = () => undefined;
  const broken = new Promise<UniqueIDError>((resolve) => (report = resolve));
  const start = (): Worker => {
    const started = performance.now();
    const worker = cluster.fork();
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (stopping) {
        clean &&= code === 0;
        return;
      }
      // A SIGHUP to all processes of the service ends one that is so young that it does not catch it yet.
      if (signal === 'SIGHUP') {
        start();
        return;
      }
      if (!running) return;
      unfit = performance.now() - started < SOON_MS ? unfit + 1 : 0;
      if (unfit >= MOST_UNFIT) {
        report(
          new UniqueIDError('UNEXPECTED', `Workers end as soon as they are started (${signal ?? code}).`),
        );
        return;
      }
      say(`Worker ${worker.process.pid} has ended (${signal ?? code}); another takes its place.`);
      start();
    });
    return worker;
  };
  answerForWorkers();
  relayIssued();
  // Until one has come to listen, what keeps it from that would only keep the others too.
  let running = false;
  start();
  const url = await firstUrl();
  if (url === undefined) throw new UniqueIDError('UNEXPECTED', 'The first worker could not be started.');
  running = true;
  const others = comeToListen(count - 1);
  for (let worker = 1; worker < count; worker++) start();
  await Promise.race([others, broken]);
  const all = (): Worker[] => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  return {
    url,
    broken,
    reload: () => {
      for (const worker of all()) worker.process.kill('SIGHUP');
    },
    stop: async () => {
      stopping = true;
      await Promise.all(
        all().map((worker) => {
          const ended = once(worker, 'exit');
          // Not a signal: whoever stopped this process may have sent one to its whole group, and a second one ends.
          worker.send(STOP);
          return ended;
        }),
      );
      return clean;
    },
  };
}

/** Waits until so many more workers listen, be they the ones that were started first or those in their places. */
function comeToListen(count: number): Promise<void> {
  return new Promise((resolve) => {
    let missing = count;
    cluster.on('listening', () => {
      if (--missing === 0) resolve();
    });
  });
}

/** In a worker: waits until the process that started it, or a SIGTERM, tells it to stop. */
export function untilWorkerIsStopped(): Promise<void> {
  const told = new Promise<void>((resolve) => {
    process.on('message', (message) => {
      if (message === STOP) resolve();
    });
  });
  return Promise.race([told, untilStopped(['SIGTERM'])]);
}

/** Where the first worker says that it answers; `undefined` where it ends without a word. */
function firstUrl(): Promise<string | undefined> {
  return new Promise((resolve) => {
    cluster.on('message', (_, {url}: {readonly url?: unknown}) => {
      if (typeof url === 'string') resolve(url);
    });
    cluster.on('exit', (_, __, signal: string | null) => {
      // Another one is on its way.
      if (signal !== 'SIGHUP') resolve(undefined);
    });
  });
}
