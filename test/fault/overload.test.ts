import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it} from 'vitest';
import {startServer, type RunningServer} from '../helpers/programs/cli.js';
import {ask, keepAlive, rangeOf} from '../helpers/network/http.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {lockDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

const MOST_WAITING = 50;
const CLIENTS = 500;

/** The answers to many clients that send their requests without regard to the answers. */
interface Outcome {
  readonly given: Given[];
  readonly rejected: number;
}

async function overload(server: RunningServer, requestsAClient: number): Promise<Outcome> {
  const agent = keepAlive(CLIENTS);
  const given: Given[] = [];
  let rejected = 0;
  await Promise.all(
    Array.from({length: CLIENTS}, async () => {
      for (let turn = 0; turn < requestsAClient; turn++) {
        const answer = await ask(server.url, '/getid?range=3&mode=file', {agent});
        if (answer.status === 200) {
          given.push(rangeOf(answer));
          continue;
        }
        rejected++;
        expect(answer.status).toBe(503);
        expect(answer.headers['retry-after']).toBe('1');
        // The error names the limit.
        const {message} = JSON.parse(answer.body) as {message: string};
        expect(message).toMatch(new RegExp(`\\b${MOST_WAITING}\\b`));
      }
    }),
  );
  agent.destroy();
  return {given, rejected};
}

it('requests beyond max_queue are rejected, and the accepted ones are exact', async () => {
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {cwd, env: {UNIQUEID_MAX_QUEUE: String(MOST_WAITING)}});
  const {given, rejected} = await overload(server, 10);
  expect(rejected).toBeGreaterThan(0);
  expect(given.length + rejected).toBe(CLIENTS * 10);
  expect(flaws(given)).toEqual({overlaps: [], gaps: [], next: BigInt(3 * given.length)});
  expect(rangeOf(await ask(server.url, '/getid?range=1&mode=file')).start).toBe(BigInt(3 * given.length));
  expect((await ask(server.url, '/health')).status).toBe(200);
});

it('while the database is locked, at most max_queue requests wait; service resumes when it is unlocked', async () => {
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {
    cwd,
    env: {UNIQUEID_MAX_QUEUE: String(MOST_WAITING), UNIQUEID_REQUEST_TIMEOUT: '60'},
  });
  const unlock = lockDatabase(join(cwd, 'db.sqlite3'));
  const agent = keepAlive(CLIENTS);
  const accepted: Given[] = [];
  let answered = 0;
  const asked = Array.from({length: CLIENTS}, async () => {
    const answer = await ask(server.url, '/getid?range=3&mode=file', {agent});
    answered++;
    if (answer.status === 200) accepted.push(rangeOf(answer));
    return answer.status;
  });
  // All requests beyond max_queue are answered while nothing can be committed.
  while (answered < CLIENTS - MOST_WAITING) await sleep(10);
  // Time for several attempts at a commit: none of them makes room in the queue.
  await sleep(1000);
  expect((await ask(server.url, '/getid?range=3&mode=file')).status).toBe(503);
  expect((await ask(server.url, '/metrics')).body).toContain(`uniqueid_queue_length ${MOST_WAITING}\n`);
  expect(answered).toBe(CLIENTS - MOST_WAITING);
  unlock();
  const statuses = await Promise.all(asked);
  agent.destroy();
  expect(statuses.filter((status) => status === 200)).toHaveLength(MOST_WAITING);
  expect(flaws(accepted)).toEqual({overlaps: [], gaps: [], next: BigInt(3 * MOST_WAITING)});
  expect(rangeOf(await ask(server.url, '/getid?range=1&mode=file')).start).toBe(BigInt(3 * MOST_WAITING));
});
