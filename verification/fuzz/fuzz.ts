// Sends random and malformed bytes to everything that reads bytes. Exit status: 0 if nothing is wrong, 1 if
// something is, 2 for usage. Run as: npm run fuzz -- --requests N --seed S [--connections N]
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {fuzzHttp} from './fuzz-http.js';
import {formatReport} from './report.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function readNumber(text: string, name: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) {
    process.stderr.write(`--${name} must be a whole number, not ${JSON.stringify(text)}.\n`);
    process.exit(2);
  }
  return Number(text);
}

const {values} = parseArgs({
  options: {
    requests: {type: 'string', default: '1000000'},
    seed: {type: 'string', default: String(Date.now() % 1_000_000)},
    connections: {type: 'string', default: '32'},
  },
});
const requests = readNumber(values.requests, 'requests');
const seed = readNumber(values.seed, 'seed');
const lanes = readNumber(values.connections, 'connections');

print(`${requests} requests, ${lanes} connections at a time, seed ${seed}`);
const report = await fuzzHttp({
  requests,
  seed,
  lanes,
  progress: (done) => {
    print(`  ${done} sent`);
  },
});
print(formatReport(report));

// The readers of files, URLs and queries, each with a number of texts that is worth its time.
const runs = String(Math.min(50_000, Math.max(1000, Math.round(requests / 20))));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const readers = spawn(process.execPath, [vitest, 'run', 'test/verification/fuzz-readers.test.ts'], {
  cwd: fileURLToPath(new URL('../../', import.meta.url)),
  env: {...process.env, UNIQUEID_FUZZ_RUNS: runs, UNIQUEID_FUZZ_SEED: String(seed)},
  stdio: 'inherit',
});
const [status] = (await once(readers, 'close')) as [number | null];
process.exitCode = report.flaws.length > 0 || status !== 0 ? 1 : 0;
