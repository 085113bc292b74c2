// Outlives whoever started it: when its standard input ends, however that came about, the process whose id was
// written last is killed and the folder is removed. Run as: guard.js FOLDER
import {rmSync} from 'node:fs';
import {createInterface} from 'node:readline';

const [, , folder] = process.argv;
process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined);

let last = '';
for await (const line of createInterface({input: process.stdin})) last = line;
try {
  if (last !== '') process.kill(Number(last), 'SIGKILL');
} catch {
  // It had ended by itself.
}
// The server's own processes may still be writing for a moment.
rmSync(folder, {recursive: true, force: true, maxRetries: 20, retryDelay: 100});
