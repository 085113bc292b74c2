// Allocates a great number of integers from a service on SQLite, and watches its memory and write-ahead log.
// Exit status: 0 if nothing is wrong, 1 if something is, 2 for usage.
// Run as: npm run soak -- --ids N [--connections N] [--seed S]
import {parseArgs} from 'node:util';
import {formatSoak, judge} from './report.js';
import {soak} from './soak.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function readNumber(text: string, name: string): number {
  if (!/^[0-9]{1,12}$/.test(text)) {
    process.stderr.write(`--${name} must be a whole number, not ${JSON.stringify(text)}.\n`);
    process.exit(2);
  }
  return Number(text);
}

const {values} = parseArgs({
  options: {
    // Takes minutes on a fast machine. In less than one, V8 collects garbage too few times to average.
    ids: {type: 'string', default: '400000000'},
    connections: {type: 'string', default: '64'},
    seed: {type: 'string', default: '1'},
  },
});
const ids = readNumber(values.ids, 'ids');
let printed = 0;
const report = await soak({
  ids,
  connections: readNumber(values.connections, 'connections'),
  seed: readNumber(values.seed, 'seed'),
  progress: (issued) => {
    const tenth = Math.floor((issued / ids) * 10);
    if (tenth > printed) print(`  ${issued} issued`);
    printed = tenth;
  },
});
const flaws = judge(report, 1.05);
print(formatSoak(report, flaws));
process.exitCode = flaws.length > 0 ? 1 : 0;
