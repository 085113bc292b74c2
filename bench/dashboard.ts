// Measures the cost of open pages of the dashboard: `tsx bench/dashboard.ts`, after a build. Each round
// measures one service with each count of pages, in turn, so that a slow moment affects all alike.
import {mkdtempSync, rmSync} from 'node:fs';
import {Agent, request} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {run} from './load.js';
import {median, medianRatio} from './statistics.js';
import {cpuSeconds, startTarget, stopTarget} from './target.js';

const {values: options} = parseArgs({
  options: {
    rounds: {type: 'string', default: '9'},
    seconds: {type: 'string', default: '4'},
    connections: {type: 'string', default: '64'},
  },
});

const IDLE_SECONDS = 20;

/** Zero twice: their ratio is the noise. */
const pageCounts = [0, 0, 1, 50];

const program = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'uniqueid-bench-'));
const target = await startTarget({
  name: 'SQLite',
  args: [program, 'serve', '--sync', '--port', '0'],
  cwd: folder,
});

/** Asks once per second, as a page does, on a connection of its own. */
async function openPage(signal: AbortSignal): Promise<void> {
  const agent = new Agent({keepAlive: true, maxSockets: 1});
  let since = 0;
  await sleep(Math.random() * 1000);
  while (!signal.aborted) {
    const body = await read(`${target.url}/dashboard.json?find=&sort=name&page=1&since=${since}`, agent);
    since = Number(/"now":(\d+)/.exec(body)?.[1] ?? 0);
    await sleep(1000);
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

async function withPages<T>(pages: number, measure: () => Promise<T>): Promise<T> {
  const closed = new AbortController();
  const open = Array.from({length: pages}, () => openPage(closed.signal));
  // All pages have had their first, longer answer.
  await sleep(pages === 0 ? 0 : 2500);
  const measured = await measure();
  closed.abort();
  await Promise.all(open);
  return measured;
}

function rateWith(pages: number): Promise<number> {
  return withPages(pages, async () => {
    const load = {connections: Number(options.connections), seconds: Number(options.seconds)};
    return (await run(target, {...load, range: 10, modes: 1})).rate;
  });
}

/** Returns the processor time of the service without requests, in milliseconds per second. */
function idleCost(pages: number): Promise<number> {
  return withPages(pages, async () => {
    const before = cpuSeconds(target.process.pid);
    await sleep(IDLE_SECONDS * 1000);
    return ((cpuSeconds(target.process.pid) - before) / IDLE_SECONDS) * 1000;
  });
}

try {
  const rates: number[][] = pageCounts.map(() => []);
  await rateWith(0);
  for (let round = 0; round < Number(options.rounds); round++) {
    // Another order in each round: none is always the first.
    for (let turn = 0; turn < pageCounts.length; turn++) {
      const index = (round + turn) % pageCounts.length;
      rates[index]?.push(await rateWith(pageCounts[index] ?? 0));
    }
  }
  for (const [index, pages] of pageCounts.entries()) {
    const [own = [], none = []] = [rates[index], rates[0]];
    const [low, high] = [Math.min(...own), Math.max(...own)].map((rate) => rate.toFixed(0));
    const share = medianRatio(own, none).toFixed(3);
    process.stdout.write(
      `${pages} pages: ${median(own).toFixed(0)} requests/s (${low} to ${high}), ${share}\n`,
    );
  }
  for (const pages of new Set(pageCounts)) {
    const cost = (await idleCost(pages)).toFixed(1);
    process.stdout.write(`${pages} pages, no requests: ${cost} ms of processor time per second\n`);
  }
} finally {
  await stopTarget(target);
  rmSync(folder, {recursive: true});
}
