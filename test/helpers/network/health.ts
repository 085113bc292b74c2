import {setTimeout as sleep} from 'node:timers/promises';
import {ask, type Answer} from './http.js';

/** Far more than the promised two seconds, for slow machines; less than `request_timeout`. */
const BOUND_MS = 8000;

/** Polls /health until it answers with a status. */
export async function untilHealthIs(url: string, status: number): Promise<Answer> {
  const deadline = performance.now() + BOUND_MS;
  for (;;) {
    const health = await ask(url, '/health');
    if (health.status === status) return health;
    if (performance.now() > deadline) throw new Error(`/health is still ${health.status}: ${health.body}`);
    await sleep(50);
  }
}

/** Waits until this number of requests for integers are accepted and unanswered. */
export async function untilQueued(url: string, requests: number): Promise<void> {
  const line = `\nuniqueid_queue_length ${requests}\n`;
  while (!(await ask(url, '/metrics')).body.includes(line)) await sleep(5);
}
