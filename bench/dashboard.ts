// Measures the cost of open pages of the dashboard: `tsx bench/dashboard.ts`, after a build. Each round
// measures one service in each situation, in turn, so that a slow moment affects all alike. The pages take
// processor time too, which in reality other machines spend. So the same pages also ask an idle service: it
// shows what a load of that size costs the loaded service anyway.
import {setMaxListeners} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {Agent, request} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {run, type Round} from './load.js';
import {median} from './statistics.js';
import {cpuSeconds, startTarget, stopTarget, type Target} from './target.js';

const {values: options} = parseArgs({
  options: {
    rounds: {type: 'string', default: '9'},
    seconds: {type: 'string', default: '4'},
    connections: {type: 'string', default: '64'},
  },
});

const IDLE_SECONDS = 20;

const program = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const folders: string[] = [];

function startService(): Promise<Target> {
  const cwd = mkdtempSync(join(tmpdir(), 'uniqueid-bench-'));
  folders.push(cwd);
  return startTarget({name: 'SQLite', args: [program, 'serve', '--sync', '--port', '0'], cwd});
}

const [loaded, idle] = [await startService(), await startService()];

interface Situation {
  readonly name: string;
  readonly pages: number;
  /** The service that the pages ask. */
  readonly asked: Target;
}

/** None twice: their ratio is the noise. */
const situations = [
  {name: 'no page', pages: 0, asked: loaded},
  {name: 'no page again', pages: 0, asked: loaded},
  {name: '1 page', pages: 1, asked: loaded},
  {name: '50 pages', pages: 50, asked: loaded},
  {name: '50 pages of the idle service', pages: 50, asked: idle},
] as const satisfies readonly Situation[];

/** Places of two situations to compare. */
const comparisons = [
  [1, 0],
  [2, 0],
  [3, 0],
  [4, 0],
  [3, 4],
] as const;

/** Asks as often as the service wants, as a page does, on a connection of its own. */
async function openPage({url}: Target, signal: AbortSignal): Promise<void> {
  const agent = new Agent({keepAlive: true, maxSockets: 1});
  let since = 0;
  await sleep(Math.random() * 1000);
  while (!signal.aborted) {
    const body = await read(`${url}/dashboard.json?find=&sort=name&page=1&since=${since}`, agent);
    since = Number(/"now":(\d+)/.exec(body)?.[1] ?? 0);
    const pollMs = Number(/"pollMs":(\d+)/.exec(body)?.[1] ?? 1000);
    await sleep(pollMs, undefined, {signal}).catch(() => undefined);
  }
  agent.destroy();
}

function read(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, {agent}, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => (body += text));
      answer.on('end', () => {
        resolve(body);
      });
    })
      .on('error', reject)
      .end();
  });
}

async function withPages<T>({pages, asked}: Situation, measure: () => Promise<T>): Promise<T> {
  const closed = new AbortController();
  setMaxListeners(pages, closed.signal);
  const open = Array.from({length: pages}, () => openPage(asked, closed.signal));
  // All pages have had their first, longer answer.
  await sleep(pages === 0 ? 0 : 2500);
  const measured = await measure();
  closed.abort();
  await Promise.all(open);
  return measured;
}

function loadIn(situation: Situation): Promise<Round> {
  const load = {connections: Number(options.connections), seconds: Number(options.seconds)};
  return withPages(situation, () => run(loaded, {...load, range: 10, modes: 1}));
}

/** Returns the processor time of the service without requests, in milliseconds per second. */
function idleCost(situation: Situation): Promise<number> {
  return withPages(situation, async () => {
    const before = cpuSeconds(loaded.process.pid);
    await sleep(IDLE_SECONDS * 1000);
    return ((cpuSeconds(loaded.process.pid) - before) / IDLE_SECONDS) * 1000;
  });
}

/** Formats the median of the ratios of each round, and the quartiles. */
function ratioText(ours: readonly number[], theirs: readonly number[]): string {
  const ratios = ours.map((value, round) => value / (theirs[round] ?? Number.NaN)).sort((a, b) => a - b);
  const quartiles = [1, 3].map((part) => ratios[Math.floor((part * ratios.length) / 4)]?.toFixed(3));
  return `${median(ratios).toFixed(3)} (half of the rounds: ${quartiles.join(' to ')})`;
}

function report(rounds: readonly (readonly Round[])[]): void {
  const [rates, costs] = (['rate', 'cpuMicroseconds'] as const).map((figure) =>
    rounds.map((own) => own.map((round) => round[figure])),
  );
  for (const [index, {name}] of situations.entries()) {
    const own = rates?.[index] ?? [];
    const [low, high] = [Math.min(...own), Math.max(...own)].map((rate) => rate.toFixed(0));
    process.stdout.write(`${name}: ${median(own).toFixed(0)} requests/s (${low} to ${high})\n`);
  }
  for (const [ours, theirs] of comparisons) {
    const [rate, cost] = [rates, costs].map((figures) =>
      ratioText(figures?.[ours] ?? [], figures?.[theirs] ?? []),
    );
    process.stdout.write(`${situations[ours].name} against ${situations[theirs].name}: ${rate} requests/s, `);
    process.stdout.write(`${cost} processor time of the service per request\n`);
  }
}

try {
  const rounds: Round[][] = situations.map(() => []);
  await loadIn(situations[0]);
  for (let round = 0; round < Number(options.rounds); round++) {
    // Another order in each round: none is always the first.
    for (let turn = 0; turn < situations.length; turn++) {
      const index = (round + turn) % situations.length;
      const situation = situations[index];
      if (situation !== undefined) rounds[index]?.push(await loadIn(situation));
    }
  }
  report(rounds);
  for (const situation of situations.slice(1, 4)) {
    const cost = (await idleCost(situation)).toFixed(1);
    process.stdout.write(`${situation.name}, no requests: ${cost} ms of processor time per second\n`);
  }
} finally {
  await Promise.all([loaded, idle].map(stopTarget));
  for (const folder of folders) rmSync(folder, {recursive: true});
}
