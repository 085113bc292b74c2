import type {DashboardAnswer, VerdictDocument} from '../lib/server/dashboard/document.js';

/** The pause between two requests, until the service names another. */
const FIRST_POLL_MS = 1000;

/** Without a token, only the verdict is asked for. */
const HEALTH_POLL_MS = 3000;

/** A slower answer counts as none. */
const ANSWER_TIMEOUT_MS = 8000;

/** The outcome of one request. */
export type Answer =
  /** `mode` is the one that was asked for. */
  | {readonly kind: 'document'; readonly document: DashboardAnswer; readonly mode: string | undefined}
  /** The service requires a token; `wasSent` is true if it rejected one. */
  | {readonly kind: 'unauthorized'; readonly wasSent: boolean}
  /** All that the service says without a token. */
  | {readonly kind: 'health'; readonly verdict: VerdictDocument}
  /** `status` is missing if nothing answers. */
  | {readonly kind: 'failed'; readonly status?: number};

export interface FeedOptions {
  /** Returns the query of the next request. */
  readonly query: () => URLSearchParams;
  readonly show: (answer: Answer) => void;
  /** Called when the page stops asking, because it is hidden or paused. */
  readonly rest: () => void;
}

/** Asks the service as often as it wants while the page is visible and not paused. */
export class Feed {
  readonly #options: FeedOptions;
  /** In the memory of this tab alone. */
  #token: string | undefined;
  #needsToken = false;
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
    this.#needsToken = false;
    this.#restart();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    this.#restart();
  }

  /** True while the values on the page may be old. */
  get isResting(): boolean {
    return document.hidden || this.#isPaused;
  }

  /** Asks now, and again and again from then on; what is asked for has changed. */
  askNow(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
    void this.#ask();
  }

  #restart(): void {
    clearTimeout(this.#timer);
    if (this.isResting) this.#options.rest();
    else this.askNow();
  }

  async #ask(): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    const limit = setTimeout(() => {
      running.abort();
    }, ANSWER_TIMEOUT_MS);
    const answer = await this.#answer(running.signal);
    clearTimeout(limit);
    // Another request has taken its place.
    if (this.#running !== running) return;
    if (answer.kind === 'document') this.#pollMs = answer.document.pollMs;
    if (answer.kind === 'unauthorized') this.#needsToken = true;
    this.#options.show(answer);
    clearTimeout(this.#timer);
    if (this.isResting) return;
    this.#timer = window.setTimeout(
      () => {
        void this.#ask();
      },
      this.#needsToken ? HEALTH_POLL_MS : this.#pollMs,
    );
  }

  async #answer(signal: AbortSignal): Promise<Answer> {
    try {
      return this.#needsToken ? await askHealth(signal) : await this.#askDocument(signal);
    } catch {
      return {kind: 'failed'};
    }
  }

  async #askDocument(signal: AbortSignal): Promise<Answer> {
    const token = this.#token;
    const headers: HeadersInit = token === undefined ? {} : {Authorization: `Bearer ${token}`};
    const query = this.#options.query();
    const response = await ask(`dashboard.json?${query.toString()}`, {headers, signal});
    if (response.status === 401) return {kind: 'unauthorized', wasSent: token !== undefined};
    if (!response.ok) return {kind: 'failed', status: response.status};
    const shown = (await response.json()) as DashboardAnswer;
    return {kind: 'document', document: shown, mode: query.get('mode') ?? undefined};
  }
}

async function askHealth(signal: AbortSignal): Promise<Answer> {
  const response = await ask('health', {signal});
  const nothing = {since: null, quarantined: [], quarantinedCount: 0};
  if (response.ok) return {kind: 'health', verdict: {...nothing, state: 'healthy', reasons: []}};
  const code = response.headers.get('X-Error-Code');
  // Not of this service: a proxy answers in its place.
  if (code === null) return {kind: 'failed', status: response.status};
  const {message} = (await response.json()) as {message: string};
  const reasons = [{code, text: message, action: null}];
  return {kind: 'health', verdict: {...nothing, state: 'unavailable', reasons}};
}

function ask(path: string, init: RequestInit): Promise<Response> {
  return fetch(path, {...init, cache: 'no-store', credentials: 'same-origin'});
}
