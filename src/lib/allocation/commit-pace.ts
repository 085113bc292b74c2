import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises';

/**
 * The time of this thread for an answer and the next request that a commit could hide, in milliseconds. About
 * half of the whole: the rest would take the processor from the commit.
 */
const ANSWER_MS = 0.005;

/** Clients on this machine ask again within a few turns of the event loop, of some ten microseconds each. */
const MAX_IDLE_TURNS = 4;

/**
 * After such a commit, in milliseconds, the processors sleep. Clients on this machine then run only if this
 * thread pauses, for a millisecond, the shortest time of a timer.
 */
const LONG_COMMIT_MS = 4;

/** The longest wait for further requests, in milliseconds. */
const MAX_GATHER_MS = 5;

/**
 * Decides when the next commit begins. If it began at once, it would serve only the half of the clients that
 * the last one did not serve. Each request would then wait for two commits.
 */
export class CommitPace {
  /** Requests in the last commit and behind it: about as many clients wait for an answer at a time. */
  #clients = 0;
  #commitMs = 0;

  /** @param waiting the requests that arrived during the commit */
  recordCommit(requests: number, waiting: number, durationMs: number): void {
    this.#clients = requests + waiting;
    this.#commitMs = durationMs;
  }

  /**
   * True if a commit takes longer than all answers. The clients of a batch then get theirs before the next
   * commit, so that it serves their next requests too. Otherwise they get them during that commit.
   */
  get answersFirst(): boolean {
    return this.#commitMs > this.#clients * ANSWER_MS;
  }

  /**
   * Waits for the next requests of these clients while they keep arriving, up to half a commit. Does not wait
   * for the first one.
   */
  async gather(waiting: () => number): Promise<void> {
    const deadline = performance.now() + Math.min(this.#commitMs / 2, MAX_GATHER_MS);
    const isLong = this.#commitMs >= LONG_COMMIT_MS;
    let seen = waiting();
    for (let idle = 0; idle < (isLong ? 1 : MAX_IDLE_TURNS); idle++) {
      if (seen === 0 || seen >= this.#clients || performance.now() > deadline) return;
      await (isLong ? sleep(1) : nextTurn());
      const now = waiting();
      if (now > seen) idle = -1;
      seen = now;
    }
  }
}
