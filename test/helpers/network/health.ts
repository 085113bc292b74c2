import {setTimeout as sleep} from 'node:timers/promises';
import {ask, type Answer} from './http.js';

/** Far more than the two seconds that are promised: for slow machines. Less than a request waits for its commit. */
const BOUND_MS = 8000;

/** Asks /health until it answers with this status. */
export async function untilHealthIs(url: string, status: number): Promise<Answer> {
  const deadline = performance.now() + BOUND_MS;
  for (;;) {
    const health = await ask(url, '/health');
    if (health.status === status) return health;
    if (performance.now() > deadline) throw new Error(`/health is still ${health.status}: ${health.body}`);
    await sleep(50);
  }
}
