import type {DashboardAnswer} from '../lib/server/dashboard/document.js';

/** The pause between two requests, until the service names another. */
const FIRST_POLL_MS = 1000;

/** A slower answer counts as none. */
const ANSWER_TIMEOUT_MS = 8000;

/** The outcome of one request. */
export type Answer =
  | {readonly kind: 'document'; readonly document: DashboardAnswer}
  /** The service requires a token; `wasSent` is true if it rejected one. */
  | {readonly kind: 'unauthorized'; readonly wasSent: boolean}
  | {readonly kind: 'failed'; readonly reason: string};

export interface FeedOptions {
  /** Returns the query of the next request. */
  readonly query: () => URLSearchParams;
  readonly show: (answer: Answer) => void;
}

/** Asks the service as often as it wants while the page is visible and not paused. */
export class Feed {
  readonly #options: FeedOptions;
  /** In the memory of this tab alone. */
  #token: string | undefined;
  #timer: number | undefined;
  #running: AbortController | undefined;
  #isPaused = false;
  #pollMs = FIRST_POLL_MS;

  constructor(options: FeedOptions) {
    this.#options = options;
    document.addEventListener('visibilitychange', () => {
      this.#restart();
    });
  }

  set token(token: string) {
    this.#token = token;
    this.#restart();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    this.#restart();
  }

  /** Asks now, and again and again from then on; what is asked for has changed. */
  askNow(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
    void this.#ask();
  }

  #restart(): void {
    clearTimeout(this.#timer);
    if (!document.hidden && !this.#isPaused) this.askNow();
  }

  async #ask(): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    const limit = setTimeout(() => {
      running.abort();
    }, ANSWER_TIMEOUT_MS);
    const answer = await this.#fetch(running.signal);
    clearTimeout(limit);
    // Another request has taken its place.
    if (this.#running !== running) return;
    if (answer.kind === 'document') this.#pollMs = answer.document.pollMs;
    this.#options.show(answer);
    const isWaiting = answer.kind === 'unauthorized' || document.hidden || this.#isPaused;
    clearTimeout(this.#timer);
    if (isWaiting) return;
    this.#timer = window.setTimeout(() => {
      void this.#ask();
    }, this.#pollMs);
  }

  async #fetch(signal: AbortSignal): Promise<Answer> {
    const token = this.#token;
    const headers: HeadersInit = token === undefined ? {} : {Authorization: `Bearer ${token}`};
    try {
      const response = await fetch(`dashboard.json?${this.#options.query().toString()}`, {
        headers,
        signal,
        cache: 'no-store',
        credentials: 'same-origin',
      });
      if (response.status === 401) return {kind: 'unauthorized', wasSent: token !== undefined};
      if (!response.ok)
        return {kind: 'failed', reason: `The service answers with status ${response.status}.`};
      return {kind: 'document', document: (await response.json()) as DashboardAnswer};
    } catch {
      return {kind: 'failed', reason: 'The service does not answer.'};
    }
  }
}
