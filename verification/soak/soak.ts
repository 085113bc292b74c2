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
  /** How many integers are asked for, all together. */
  readonly ids: number;
  readonly connections: number;
  readonly seed: number;
  /** Told at every hundredth of the way. */
  readonly progress?: (issued: number) => void;
}

/** What a soak has come to; nothing is wrong where `flaws` is empty. */
export interface SoakReport {
  readonly issued: number;
  readonly requests: number;
  readonly seconds: number;
  /** Where the counter stands in the database. */
  readonly counter: number;
  /** What the server held in its second tenth and in its last one, the mean of samples, in bytes. */
  readonly memory: {readonly early: number; readonly late: number};
  /** The most that the write-ahead log was seen to hold, in bytes. */
  readonly mostWal: number;
  readonly flaws: readonly string[];
}

const MODE = 'soak';
const MOST_RANGE = 100;
/** The log and the status are looked at so often, in milliseconds. */
const LOOK_EVERY_MS = 100;

/**
 * V8 doubles its young generation, up to 16 MiB for each half, at a moment that nobody can foretell. It begins there,
 * so that what grows is what is kept.
 */
const v8 = '--min-semi-space-size=16';

const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** Takes so many integers from a service on SQLite at full speed, in ranges of 1 to 100, and watches what it holds. */
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
    if (counter !== options.ids)
      flaws.push(`${options.ids} were asked for, and the counter stands at ${counter}`);
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
    const range = Math.min(random.between(1, MOST_RANGE), ids - asked);
    asked += range;
    return range === 0 ? undefined : range;
  };
  const started = performance.now();
  const look = setInterval(() => {
    mostWal = Math.max(mostWal, statSync(`${path}-wal`, {throwIfNoEntry: false})?.size ?? 0);
    // A reader beside, as an operator is.
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
