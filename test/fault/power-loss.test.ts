import {cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {parseDatabaseUrl} from '../../src/lib/config/database-url.js';
import {UniqueIDError} from '../../src/lib/core/errors.js';
import {openStore} from '../../src/lib/store/open.js';
import {NativeConnection} from '../../src/lib/store/sqlite/native.js';
import {startServer} from '../helpers/programs/cli.js';
import {ask, keepAlive, rangeOf} from '../helpers/network/http.js';
import {LossyDisk, type Loss} from '../helpers/folders/lossy-disk.js';
import {watchFolder, type WatchedFolder} from '../helpers/folders/power-loss.js';
import {seeded} from '../helpers/random.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';
import {claim} from '../helpers/databases/claims.js';

/** The number of moments of one run at which the power fails; a long run raises it. */
const POINTS = Number(process.env['UNIQUEID_TEST_POWER_LOSSES'] ?? 60);

/** Enough to detect a missing sync. */
const FEW_POINTS = 30;

/** Enough for several checkpoints: SQLite copies the WAL into the database about every 1000 commits. */
const ANSWERS = 3000;

const SERVERS = 2;
const CLIENTS_A_SERVER = 2;
const losses: readonly Loss[] = ['all', 'the last', 'any'];

/** An answer, and the length of the journal at that moment: its integers must survive from there on. */
interface Promised {
  readonly end: bigint;
  readonly since: number;
}

/** Starts two servers on a new database in a watched folder, and kills them under load. */
async function runWatched(
  answers: number,
  program?: string,
): Promise<{folder: WatchedFolder; promised: Promised[]}> {
  const folder = watchFolder(makeWorkspace());
  // High-water marks would hide a lost commit.
  const env = {...folder.env, UNIQUEID_GUARD_FILE: 'none'};
  const options = {cwd: folder.path, env, ...(program === undefined ? {} : {program})};
  const servers = [await startServer(['--sync'], options)];
  while (servers.length < SERVERS) servers.push(await startServer([], options));
  const agent = keepAlive(SERVERS * CLIENTS_A_SERVER);
  const promised: Promised[] = [];
  const client = async (url: string): Promise<void> => {
    for (let turn = 0; promised.length < answers; turn++) {
      const {end} = rangeOf(await ask(url, `/getid?range=${1 + (turn % 7)}&mode=file`, {agent}));
      promised.push({end, since: folder.now()});
    }
    for (const server of servers) server.process.kill('SIGKILL');
  };
  const clients = servers.flatMap(({url}) => Array.from({length: CLIENTS_A_SERVER}, () => client(url)));
  // Requests during the kill get no answer.
  await Promise.allSettled(clients);
  agent.destroy();
  for (const server of servers) await server.finished;
  expect(promised.length).toBeGreaterThanOrEqual(answers);
  return {folder, promised};
}

interface Findings {
  /** The faults after a power loss. */
  readonly faults: string[];
  /** The number of moments with unsynced changes. */
  readonly unsynced: number;
}

/** Simulates power losses at random moments, and checks the remaining files each time. */
async function failPower(
  folder: WatchedFolder,
  promised: readonly Promised[],
  moments: number,
): Promise<Findings> {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seeded(seed).fraction;
  const records = [...folder.records()];
  const answered = Array.from(
    {length: moments},
    () => promised[Math.floor(random() * promised.length)]?.since ?? 0,
  );
  // Also before the first answer, while the database is created.
  const first = Math.min(...promised.map(({since}) => since));
  const creating = records.filter(({until}) => until < first).map(({until}) => until);
  const points = new Set([...creating, ...answered, records.at(-1)?.until ?? 0]);
  const disk = new LossyDisk();
  const left = makeWorkspace();
  const faults: string[] = [];
  let unsynced = 0;
  let applied = 0;
  for (const point of [...points].sort((a, b) => a - b)) {
    for (let next = records[applied]; next !== undefined && next.until <= point; next = records[++applied])
      disk.apply(next);
    if (disk.unsynced > 0) unsynced++;
    const past = promised.reduce((most, {end, since}) => (since <= point && end > most ? end : most), -1n);
    for (const loss of losses) {
      const fault = await faultIn(disk.afterPowerLoss(loss, random), left, past);
      if (fault !== undefined) faults.push(`${fault} (lost ${loss} at ${point}, seed ${seed})`);
    }
  }
  return {faults, unsynced};
}

/** Writes files, opens them as the program does, and takes an integer; returns the fault, if any. */
async function faultIn(
  files: ReadonlyMap<string, Buffer>,
  folder: string,
  past: bigint,
): Promise<string | undefined> {
  rmSync(folder, {recursive: true});
  mkdirSync(folder);
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  const path = join(folder, 'db.sqlite3');
  if (past < 0n && !files.has('db.sqlite3')) return undefined;
  try {
    const store = await openStore(parseDatabaseUrl(`sqlite:///${path}`));
    try {
      const {kind} = await store.readSchema();
      if (past < 0n && kind === 'absent') return undefined;
      const [taken] = await store.advance([claim('file', 1n)], 0n);
      if (taken?.kind !== 'granted') return 'nothing could be taken';
      if (taken.next - 1n <= past)
        return `${taken.next - 1n} was issued again, up to ${past} had been answered`;
    } finally {
      await store.close();
    }
    return damageOf(path);
  } catch (error) {
    return error instanceof UniqueIDError ? `${error.code}: ${error.message}` : String(error);
  }
}

function damageOf(path: string): string | undefined {
  const connection = new NativeConnection(path, {});
  try {
    const verdict = connection.value('PRAGMA integrity_check');
    return verdict === 'ok' ? undefined : String(verdict);
  } finally {
    connection.close();
  }
}

/** Copies the build and changes its setting of `synchronous`. */
function buildWith(synchronous: string): string {
  const copy = makeWorkspace();
  for (const name of ['bin', 'dist', 'package.json', 'oclif.manifest.json'])
    cpSync(join(root, name), join(copy, name), {recursive: true});
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  let changes = 0;
  // Bundles contain copies of it.
  for (const name of readdirSync(join(copy, 'dist'), {encoding: 'utf8', recursive: true})) {
    if (!/\.c?js$/.test(name)) continue;
    const path = join(copy, 'dist', name);
    const text = readFileSync(path, 'utf8');
    const changed = text.replaceAll(
      /PRAGMA synchronous = \$\{[^}]*\}/g,
      `PRAGMA synchronous = ${synchronous}`,
    );
    if (changed === text) continue;
    writeFileSync(path, changed);
    changes++;
  }
  expect(changes).toBeGreaterThan(0);
  return join(copy, 'bin', 'run.js');
}

it('SQLite issues no answered integer again after a power loss at any moment', async () => {
  const {folder, promised} = await runWatched(Math.max(ANSWERS, POINTS * 10));
  const {faults, unsynced} = await failPower(folder, promised, POINTS);
  expect(faults.slice(0, 5)).toEqual([]);
  // Without unsynced changes the test would prove nothing.
  expect(unsynced).toBeGreaterThan(10);
  if (process.env['UNIQUEID_TEST_POWER_LOSSES'] !== undefined)
    process.stdout.write(
      `${promised.length} answers, ${POINTS} power losses, ${unsynced} of them with unsynced changes\n`,
    );
}, 600_000);

it.each([
  // Without any sync even the name of the database may be lost.
  {synchronous: 'OFF', fault: /^\d+ was issued again|^DATABASE_MISSING|^SCHEMA_MISSING/},
  // The WAL is synced before a checkpoint, not before the answer.
  {synchronous: 'NORMAL', fault: /^\d+ was issued again/},
])(
  'the simulation detects that SQLite with synchronous=$synchronous issues integers twice',
  async ({synchronous, fault}) => {
    const {folder, promised} = await runWatched(ANSWERS, buildWith(synchronous));
    const {faults} = await failPower(folder, promised, FEW_POINTS);
    expect(faults.filter((each) => fault.test(each))).not.toEqual([]);
  },
);
