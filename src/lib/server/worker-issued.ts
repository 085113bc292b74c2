import cluster, {type Worker} from 'node:cluster';
import {withTimeLimit} from '../store/time-limit.js';

const ASK = 'uniqueid:issued-by-all';
const TELL = 'uniqueid:issued-by-one';

/** How long the other workers may take to tell, in milliseconds. */
const PATIENCE_MS = 5000;

/** How far each of some modes has been handed out, in the same order. */
type Issued = readonly (bigint | undefined)[];

/** `bigint` does not pass between processes, text does. */
type SentIssued = readonly (string | null)[];

interface Message {
  readonly type?: unknown;
  readonly id: number;
  readonly modes: readonly string[];
  readonly issued: SentIssued;
}

/** In a worker: tells the process that started it, when that asks, how far this one has handed out. */
export function shareIssued(issued: (mode: string) => bigint | undefined): void {
  process.on('message', ({type, id, modes}: Message) => {
    if (type === TELL) process.send?.({type: TELL, id, issued: modes.map((mode) => sent(issued(mode)))});
  });
}

interface Inquiry {
  readonly asker: Worker;
  readonly id: number;
  readonly missing: Set<number>;
  highest: Issued;
}

/** In the process that started the workers: asks them all for each that wants to know. */
export function relayIssued(): void {
  const listening = new Map<number, Worker>();
  const inquiries = new Map<number, Inquiry>();
  let last = 0;
  const finish = (key: number, worker: number): void => {
    const inquiry = inquiries.get(key);
    if (inquiry?.missing.delete(worker) !== true || inquiry.missing.size > 0) return;
    inquiries.delete(key);
    const {asker, id, highest} = inquiry;
    if (asker.isConnected()) asker.send({type: ASK, id, issued: highest.map(sent)});
  };
  cluster.on('listening', (worker) => listening.set(worker.id, worker));
  cluster.on('exit', ({id}) => {
    listening.delete(id);
    for (const key of inquiries.keys()) finish(key, id);
  });
  cluster.on('message', (worker, {type, id, modes, issued}: Message) => {
    if (type === ASK) {
      const all = [...listening.values()].filter((each) => each.isConnected());
      inquiries.set(++last, {asker: worker, id, missing: new Set(all.map((each) => each.id)), highest: []});
      for (const each of all) each.send({type: TELL, id: last, modes});
    } else if (type === TELL) {
      const inquiry = inquiries.get(id);
      if (inquiry !== undefined)
        inquiry.highest = issued.map((text, index) => higher(received(text), inquiry.highest[index]));
      finish(id, worker.id);
    }
  });
}

let lastId = 0;

/** In a worker: how far all workers together have handed out, or this one alone where the others do not tell. */
export async function issuedByAll(modes: readonly string[], own: Issued): Promise<Issued> {
  const id = ++lastId;
  let stop = (): void => undefined;
  const answer = new Promise<Issued>((resolve) => {
    const listen = ({type, id: answered, issued}: Message): void => {
      if (type === ASK && answered === id) resolve(issued.map(received));
    };
    process.on('message', listen);
    stop = () => process.removeListener('message', listen);
  });
  process.send?.({type: ASK, id, modes});
  try {
    return await withTimeLimit(answer, PATIENCE_MS, () => new Error('the other workers do not tell'));
  } catch {
    return own;
  } finally {
    stop();
  }
}

const sent = (issued: bigint | undefined): string | null => issued?.toString() ?? null;

const received = (text: string | null): bigint | undefined => (text === null ? undefined : BigInt(text));

function higher(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}
