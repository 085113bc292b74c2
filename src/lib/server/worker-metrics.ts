import cluster, {type Worker} from 'node:cluster';
import {AggregatorRegistry, type Registry} from 'prom-client';
import {withTimeLimit} from '../store/time-limit.js';

const QUESTION = 'uniqueid:metrics';

/** How long the other workers may take to tell, in milliseconds. */
const PATIENCE_MS = 5000;

interface Message {
  readonly type?: unknown;
  readonly text?: unknown;
}

/** In a worker: lets the process that started it collect these metrics. */
export function shareMetrics(registry: Registry): void {
  AggregatorRegistry.setRegistries(registry);
  // Its constructor listens for the question.
  new AggregatorRegistry();
}

/** In the process that started the workers: answers each with the metrics of all. */
export function answerForWorkers(): void {
  const all = new AggregatorRegistry();
  cluster.on('message', (worker: Worker, message: Message) => {
    if (message.type !== QUESTION) return;
    all.clusterMetrics().then(
      (text) => worker.send({type: QUESTION, text}),
      // A worker ended meanwhile: the one that asked answers for itself.
      () => undefined,
    );
  });
}

/** In a worker: the metrics of all workers together, or of this one where the others do not tell. */
export async function metricsOfAll(own: Registry): Promise<string> {
  let stop = (): void => undefined;
  const answer = new Promise<string>((resolve) => {
    const listen = ({type, text}: Message): void => {
      if (type === QUESTION && typeof text === 'string') resolve(text);
    };
    process.on('message', listen);
    stop = () => process.removeListener('message', listen);
  });
  process.send?.({type: QUESTION});
  try {
    return await withTimeLimit(answer, PATIENCE_MS, () => new Error('the other workers do not tell'));
  } catch {
    return await own.metrics();
  } finally {
    stop();
  }
}
