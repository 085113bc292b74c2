import {statSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseDatabaseUrl} from '../../src/lib/config/database-url.js';
import {openStore} from '../../src/lib/store/open.js';
import {makeGuardedFolder} from '../../test/helpers/folders/guarded-folder.js';
import {ask} from '../../test/helpers/network/http.js';
import {seeded} from '../../test/helpers/random.js';
import {startServerProcess, type ServerProcess} from '../fuzz/server-process.js';
import {Asker} from './asker.js';
import {Contiguous} from './contiguous.js';

export interface SoakOptions {
  /** Count of integers to allocate, over all requests. */
  readonly ids: number;
  readonly connections: number;
  readonly seed: number;
  /** Called at each hundredth of the way. */
  readonly progress?: (issued: number) => void;
}

/** The result of a soak; nothing is wrong if `flaws` is empty. */
export interface SoakReport {
  readonly issued: number;
  readonly requests: number;
  readonly seconds: number;
  /** The counter in the database. */
  readonly counter: number;
  /** Memory of the server in its second and its last tenth: means of samples, in bytes. */
  readonly memory: {readonly early: number; readonly late: number};
  /** The largest observed size of the write-ahead log, in bytes. */
  readonly mostWal: number;
  readonly flaws: readonly string[];
}

const MODE = 'soak';
const MAX_RANGE = 100;
/** Interval of looks at the log and the status. */
const LOOK_EVERY_MS = 100;

/**
 * V8 doubles its young generation, up to 16 MiB per half, at an unpredictable moment. This starts it at that
 * size, so that only memory that is kept can grow.
 */
const v8 = '--min-semi-space-size=16';

const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** Allocates from a service on SQLite at full speed, 1 to 100 per request, and watches its memory. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const guarded = makeGuardedFolder('soak');
  const folder = guarded.path;
  const path = join(folder, 'db.sqlite3');
  const url = `sqlite:///${path}`;
  const server = await startServerProcess([v8, program, 'serve', '--sync', '--port', '0'], folder, {
    PEEWEE_URL: url,
  });
  try {
    const run = await takeAll(options, server, path);
    await server.stop();
    const store = await openStore(parseDatabaseUrl(url), {readOnly: true});
    const counter = Number((await store.counter(MODE))?.next);
    await store.close();
    const flaws = [...run.flaws];
    if (counter !== options.ids) flaws.push(`${options.ids} were requested, but the counter is ${counter}`);
    return {...run, counter, flaws};
  } finally {
    await server.stop();
    await guarded.remove();
  }
}

async function takeAll(
  {ids, connections, seed, progress}: SoakOptions,
  server: ServerProcess,
  path: string,
): Promise<Omit<SoakReport, 'counter'>> {
  const random = seeded(seed);
  const runs = new Contiguous();
  const samples: {issued: number; memory: number}[] = [];
  let [asked, requests, mostWal] = [0, 0, 0];
  let hundredth = 0;
  const record = (start: number, end: number): void => {
    runs.add(start, end);
    requests++;
    if (runs.issued * 100 < ids * (hundredth + 1)) return;
    hundredth++;
    samples.push({issued: runs.issued, memory: server.memory()});
    progress?.(runs.issued);
  };
  const nextRange = (): number | undefined => {
    const range = Math.min(random.between(1, MAX_RANGE), ids - asked);
    asked += range;
    return range === 0 ? undefined : range;
  };
  const started = performance.now();
  const look = setInterval(() => {
    mostWal = Math.max(mostWal, statSync(`${path}-wal`, {throwIfNoEntry: false})?.size ?? 0);
    // A concurrent reader, such as an operator.
    ask(server.url, '/status').catch(() => undefined);
  }, LOOK_EVERY_MS);
  const askers = Array.from({length: connections}, () => new Asker(server.port, MODE, nextRange, record));
  try {
    await Promise.all(askers.map((asker) => asker.finished));
  } finally {
    clearInterval(look);
  }
  const meanBetween = (from: number, to: number): number => {
    const those = samples.filter(({issued}) => issued > from * ids && issued <= to * ids);
    return those.reduce((sum, {memory}) => sum + memory, 0) / those.length;
  };
  return {
    issued: runs.issued,
    requests,
    seconds: (performance.now() - started) / 1000,
    memory: {early: meanBetween(0.1, 0.2), late: meanBetween(0.9, 1)},
    mostWal,
    flaws: runs.flaws(),
  };
}
