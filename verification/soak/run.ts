// Takes very many integers from a service on SQLite and watches its memory and its write-ahead log. Exit status: 0 where
// nothing is wrong, 1 where something is, 2 for usage. Run as: npm run soak -- --ids N [--connections N] [--seed S]
import {parseArgs} from 'node:util';
import {formatSoak, judge} from './report.js';
import {soak} from './soak.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function readNumber(text: string, name: string): number {
  if (!/^[0-9]{1,12}$/.test(text)) {
    process.stderr.write(`--${name} must be a whole number, not ${JSON.stringify(text)}.\n`);
    process.exit(2);
  }
  return Number(text);
}

const {values} = parseArgs({
  options: {
    // Minutes on a fast machine: in less than one, V8 clears up so few times that its last time decides.
    ids: {type: 'string', default: '400000000'},
    connections: {type: 'string', default: '64'},
    seed: {type: 'string', default: '1'},
  },
});
const ids = readNumber(values.ids, 'ids');
let told = 0;
const report = await soak({
  ids,
  connections: readNumber(values.connections, 'connections'),
  seed: readNumber(values.seed, 'seed'),
  progress: (issued) => {
    const tenth = Math.floor((issued / ids) * 10);
    if (tenth > told) say(`  ${issued} issued`);
    told = tenth;
  },
});
const flaws = judge(report, 1.05);
say(formatSoak(report, flaws));
process.exitCode = flaws.length > 0 ? 1 : 0;
