// Outlives the process that starts it. When standard input ends, for any reason, it kills the processes
// with the ids of the last input line and removes the folder. Usage: guard.js FOLDER
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
    // It has already ended.
  }
}
try {
  // Child processes of a server may still write for a moment.
  rmSync(folder, {recursive: true, force: true, maxRetries: 20, retryDelay: 100});
} catch (error) {
  // A mounted disk keeps its folder busy until the last process in its namespace ends.
  if (error.code !== 'EBUSY') throw error;
}
