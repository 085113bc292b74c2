// Measures every figure in the documentation: `npm run bench`. With `npm run bench -- --check` it compares
// ratios with the committed ones instead, because ratios depend less on the machine than seconds.
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {availableParallelism, cpus, tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import Database from 'better-sqlite3';
import {timeCommands, timeToFirstAnswer, type CommandFigures} from './commands.js';
import {compareAll, type Figures} from './compare.js';
import {startDatabases, type BenchDatabase} from './databases.js';
import {underWrk, type Contestant, type Load} from './load.js';
import {barChart} from './plot.js';
import {startRedis} from './redis.js';
import {toMarkdown, type Section} from './report.js';
import {peakMegabytes, startTarget, stopTarget, type Target} from './target.js';

const {values: options} = parseArgs({
  options: {
    check: {type: 'boolean', default: false},
    rounds: {type: 'string', default: '5'},
    seconds: {type: 'string', default: '2'},
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);

/** A smaller loss than a fifth is noise. */
const MIN_RATIO_OF_COMMITTED = 0.8;
const COMMAND_RUNS = 20;
/** Numbers of connections. */
const counts = [1, 4, 16, 64, 256];
const MILLION = 1_000_000;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const program = here('../bin/run.js');
const folder = mkdtempSync(join(tmpdir(), 'uniqueid-bench-'));
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const databases = await startDatabases(progress);
const targets: Target[] = [];
const redis = options.check ? undefined : await startRedis(join(folder, 'redis'));

/** The ratios that `--check` compares with the committed ones, by name. */
const ratios: Record<string, number> = {};
/** Measurements to repeat, by the last part of the names of their ratios. */
const again = new Map<string, () => Promise<unknown>>();

try {
  const bare = await target('bare node:http', [here('bare-server.js')]);
  const sections = options.check
    ? await measureForCheck(bare)
    : [await measureByConnections(bare), await measureClosing(bare), await measureVariations(bare)];
  const commands = measureCommands();
  if (options.check) await check();
  else {
    write({
      machine: machine(),
      sections,
      commands,
      firstAnswerMs: await timeToFirstAnswer([program, 'serve', '--port', '0'], folder, 5),
      peakMegabytes: peakMegabytes(targetNamed('SQLite').process.pid),
    });
  }
} finally {
  for (const each of targets) await stopTarget(each);
  await redis?.stop();
  for (const {remove} of databases) await remove();
  rmSync(folder, {recursive: true, force: true});
}

function measureCommands(): readonly CommandFigures[] {
  const label = 'share of node -e 0';
  again.set(label, () => Promise.resolve(measureCommands()));
  const commands = timeCommands(
    [
      {name: 'node -e 0', args: ['-e', '0']},
      {name: 'uniqueid getid', args: [program, 'getid', '-m', 'file']},
    ],
    folder,
    COMMAND_RUNS,
  );
  for (const {name, ratio} of commands.slice(1)) ratios[`${name}, ${label}`] = 1 / ratio;
  return commands;
}

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown';
  const processors = `${availableParallelism()} processors (${model.trim()})`;
  return [
    `Node ${process.version}, ${processors}, which the load, the databases and the servers share.`,
    `Medians of ${rounds} rounds of ${seconds} s, in turn.`,
  ].join('\n');
}

async function target(
  name: string,
  args: readonly string[],
  env: BenchDatabase['env'] = {},
): Promise<Target> {
  const started = await startTarget({name, args, cwd: folder, env});
  targets.push(started);
  return started;
}

/** Starts a service; `env` holds the settings that differ from the defaults. */
function service(name: string, env: BenchDatabase['env'] = {}): Promise<Target> {
  return target(name, [program, 'serve', '--sync', '--port', '0'], env);
}

async function measure(
  label: string,
  compared: readonly (Target | Contestant)[],
  load: Pick<Load, 'connections'> & Partial<Load>,
): Promise<readonly {label: string; figures: Figures}[]> {
  again.set(label, () => measure(label, compared, load));
  const contestants = compared.map((each) => ('url' in each ? underWrk(each) : each));
  const all = await compareAll(contestants, {seconds, range: 10, modes: 1, ...load}, rounds, progress);
  const [yardstick] = all;
  if (yardstick !== undefined)
    progress(
      `${label}: ${yardstick.name} varied from ${yardstick.slowest.toFixed(0)} to ${yardstick.fastest.toFixed(0)}/s.`,
    );
  for (const figures of all.slice(1)) {
    if (figures.name !== redis?.name) ratios[`${figures.name}, ${label}`] = figures.share;
    if (figures.driverShare > 0.95)
      progress(
        `The driver was busy all the time against ${figures.name}: its own limit may have been measured.`,
      );
  }
  return all.map((figures) => ({label, figures}));
}

async function measureForCheck(bare: Target): Promise<readonly Section[]> {
  const services = [bare];
  for (const {name, env} of databases) services.push(await service(name, env));
  for (const connections of [64, 256]) await measure(String(connections), services, {connections});
  await measureClosing(bare);
  return [];
}

async function measureClosing(bare: Target): Promise<Section> {
  const sqlite = targetNamed('SQLite');
  const rows: {label: string; figures: Figures}[] = [];
  for (const connections of [1, 16, 64])
    rows.push(...(await measure(`${connections}, closing`, [bare, sqlite], {connections, closes: true})));
  return {title: 'A new connection for each request', rows};
}

function targetNamed(wanted: string): Target {
  const found = targets.find(({name}) => name === wanted);
  if (found === undefined) throw new Error(`${wanted} is missing among the targets`);
  return found;
}

async function measureByConnections(bare: Target): Promise<Section> {
  const compared: (Target | Contestant)[] = [bare];
  for (const {name, env} of databases) compared.push(await service(name, env));
  if (redis === undefined) progress('Redis is not installed: left out.');
  else compared.push(redis);
  compared.push(await target('one commit per request', [here('one-commit-server.js')]));
  const rows: {label: string; figures: Figures}[] = [];
  for (const connections of counts)
    rows.push(...(await measure(String(connections), compared, {connections})));
  const groups = counts.map((connections) => ({
    label: `${connections} connection${connections === 1 ? '' : 's'}`,
    bars: rows
      .filter(({label, figures}) => label === String(connections) && figures.name !== bare.name)
      .map(({figures: {name, share}}) => ({name, value: share})),
  }));
  writeFileSync(
    here('../docs/internals/performance.svg'),
    barChart('Requests per second, as a share of bare node:http', groups),
  );
  return {title: 'By connections', rows};
}

async function measureVariations(bare: Target): Promise<Section> {
  const rows: {label: string; figures: Figures}[] = [];
  const sqlite = targetNamed('SQLite');
  const network = targets.filter((each) => each !== sqlite && databases.some(({name}) => name === each.name));
  const many = await service('SQLite, a million rows', {PEEWEE_URL: `sqlite:///${fillDatabase(MILLION)}`});
  rows.push(...(await measure('1,000 modes', [bare, sqlite, ...network], {connections: 256, modes: 1000})));
  for (const {fill} of databases) await fill?.(MILLION);
  rows.push(
    ...(await measure('1,000,000 modes', [bare, many, ...network], {connections: 256, modes: MILLION})),
  );
  rows.push(...(await measure('one of 1,000,000', [bare, sqlite, many], {connections: 256})));
  rows.push(...(await measure('ranges of 1,000,000', [bare, sqlite], {connections: 256, range: MILLION})));
  const logged = await service('SQLite, access log', {
    UNIQUEID_ACCESS_FILE: join(folder, 'access.log'),
    PEEWEE_URL: 'sqlite:///logged.sqlite3',
  });
  rows.push(...(await measure('access log', [bare, sqlite, logged], {connections: 256})));
  return {title: 'At 256 connections', rows};
}

/** Creates a database with `modes` modes, as the Python service would leave it. */
function fillDatabase(modes: number): string {
  const path = join(folder, 'many.sqlite3');
  const database = new Database(path);
  database.exec('CREATE TABLE uniqueindex ("id" VARCHAR(255) NOT NULL PRIMARY KEY, "index" BIGINT NOT NULL)');
  const insert = database.prepare('INSERT INTO uniqueindex VALUES (?, 0)');
  database.transaction(() => {
    // The table exceeds max_modes, so no mode can be created and each requested mode must exist.
    insert.run('file');
    for (let mode = 0; mode < modes; mode++) insert.run(`mode${mode}`);
  })();
  database.close();
  return path;
}

function write(report: Parameters<typeof toMarkdown>[0]): void {
  const path = here('../docs/internals/performance.md');
  const [begin, end] = ['<!-- figures -->\n', '<!-- end of figures -->'];
  const page = readFileSync(path, 'utf8');
  const before = page.slice(0, page.indexOf(begin) + begin.length);
  writeFileSync(path, `${before}\n${toMarkdown(report)}\n\n${page.slice(page.indexOf(end))}`);
  writeFileSync(here('ratios.json'), `${JSON.stringify(ratios, rounded, 2)}\n`);
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(3)) : value;
}

/** Measures what was lost a second time before it reports a loss: the machine may have been slow. */
async function check(): Promise<void> {
  const committed = JSON.parse(readFileSync(here('ratios.json'), 'utf8')) as Record<string, number>;
  const isLost = (name: string): boolean =>
    (ratios[name] ?? Infinity) < (committed[name] ?? 0) * MIN_RATIO_OF_COMMITTED;
  const first = {...ratios};
  for (const [label, repeat] of [...again])
    if (Object.keys(first).some((name) => name.endsWith(`, ${label}`) && isLost(name))) await repeat();
  for (const [name, current] of Object.entries(ratios)) {
    if (committed[name] === undefined) continue;
    const before = current === first[name] ? '' : `, first ${(first[name] ?? 0).toFixed(2)}`;
    process.stdout.write(
      `${isLost(name) ? 'LOST' : 'ok  '} ${name}: ${current.toFixed(2)}${before}, committed ${committed[name].toFixed(2)}\n`,
    );
  }
  if (Object.keys(ratios).some(isLost)) process.exitCode = 1;
}
