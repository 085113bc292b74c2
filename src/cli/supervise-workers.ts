import cluster, {type Address, type Worker} from 'node:cluster';
import {once} from 'node:events';
import {UniqueIDError} from '../lib/errors.js';
import {answerForWorkers} from '../lib/server/worker-metrics.js';
import {say} from './say.js';

/** A worker that ends sooner than this was not fit to start, in milliseconds. */
const SOON_MS = 2000;

/** So many unfit starts in a row end the service: restarting for ever would hide what is wrong. */
const MOST_UNFIT = 5;

/** Several processes that answer on one port. */
export interface Workers {
  /** Where they answer. */
  readonly address: Address;
  readonly reload: () => void;
  /** Has each answer what it has accepted, and waits. @returns whether all did so in time */
  readonly stop: () => Promise<boolean>;
  /** Fulfilled with an error where workers end again and again. */
  readonly broken: Promise<UniqueIDError>;
}

/**
 * Starts workers with the command line of this process, and starts another for each that ends by itself.
 *
 * @throws UniqueIDError where the first does not come to listen; it has said why
 */
export async function startWorkers(count: number): Promise<Workers> {
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
  const first = cluster.fork();
  const [outcome] = (await Promise.race([
    once(first, 'listening'),
    once(first, 'exit').then(() => [undefined]),
  ])) as [Address | undefined];
  // It has told what is wrong; the others would only say it again.
  if (outcome === undefined) throw new UniqueIDError('UNEXPECTED', 'The first worker could not be started.');
  first.once('exit', (code: number | null) => {
    if (stopping) clean &&= code === 0;
    else start();
  });
  await Promise.all(Array.from({length: count - 1}, () => once(start(), 'listening')));
  const all = (): Worker[] => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  return {
    address: outcome,
    broken,
    reload: () => {
      for (const worker of all()) worker.process.kill('SIGHUP');
    },
    stop: async () => {
      stopping = true;
      await Promise.all(
        all().map((worker) => {
          const ended = once(worker, 'exit');
          worker.process.kill('SIGTERM');
          return ended;
        }),
      );
      return clean;
    },
  };
}
