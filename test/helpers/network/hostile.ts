// Runs hostile clients. Usage: hostile.ts URL MILLISECONDS CLIENTS KIND...
import {connect} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {abuses, type Abuse} from './abuses.js';

const [, , url = '', milliseconds, clients, ...kinds] = process.argv;
const end = performance.now() + Number(milliseconds);
const isOver = (): boolean => performance.now() > end;

/** Abuses one new connection after another until the time is over. */
async function repeat(each: Abuse): Promise<void> {
  const {hostname, port} = new URL(url);
  while (!isOver()) {
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed]);
    await each(socket, isOver);
    await Promise.race([closed, sleep(200)]);
    socket.destroy();
    await sleep(10);
  }
}

const hostile = kinds.flatMap((kind) => {
  const each = abuses[kind];
  return each === undefined ? [] : Array.from({length: Number(clients)}, () => repeat(each));
});
await Promise.all(hostile);
