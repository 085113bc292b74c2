// Outlives whoever started it: when its standard input ends, however that came about, the processes whose ids are in
// the last line that was written are killed and the folder is removed. Run as: guard.js FOLDER
import {rmSync} from 'node:fs';
import {createInterface} from 'node:readline';

const [, , folder] = process.argv;
process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined);

let last = '';
for await (const line of createInterface({input: process.stdin})) last = line;
for (const pid of last.split(' ').filter((text) => text !== '')) {
  try {
    process.kill(Number(pid), 'SIGKILL');
  } catch {
    // It had ended by itself.
  }
}
try {
  // The server's own processes may still be writing for a moment.
  rmSync(folder, {recursive: true, force: true, maxRetries: 20, retryDelay: 100});
} catch (error) {
  // A disk that was mounted there goes with the last process that sees it, but its folder stays until then.
  if (error.code !== 'EBUSY') throw error;
}
