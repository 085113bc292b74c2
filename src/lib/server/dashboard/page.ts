import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {asUnavailable, withoutDetails, type Health} from '../routes/health.js';
import type {Dashboard} from './dashboard.js';
import type {DashboardDocument, VerdictDocument} from './document.js';
import {PollPace} from './poll-pace.js';
import {parseDashboardQuery, type DashboardQuery} from './query.js';
import {pageView} from './view/page.js';
import {Html} from './view/html.js';

/** The script and the style sheet of the page, as scripts/bundle.js builds them. */
const require = createRequire(import.meta.url);

interface Assets {
  readonly script: string;
  readonly style: string;
  readonly policy: string;
}

/** The page `/dashboard`, and the JSON that feeds it. */
export class DashboardPage {
  readonly #dashboard: Dashboard;
  readonly #health: Health;
  readonly #needsToken: boolean;
  readonly #pace = new PollPace();
  #assets: Assets | undefined;

  /** @param needsToken shows no more than `/health` does to every client, until the page sends a token */
  constructor(dashboard: Dashboard, health: Health, needsToken: boolean) {
    this.#dashboard = dashboard;
    this.#health = health;
    this.#needsToken = needsToken;
  }

  /** Headers of the page: alternating names and values. */
  get headers(): readonly string[] {
    return [
      'Content-Security-Policy',
      this.#readAssets().policy,
      'X-Content-Type-Options',
      'nosniff',
      'Referrer-Policy',
      'no-referrer',
    ];
  }

  /** @throws UniqueIDError (as a rejection) `INVALID_REQUEST`, `QUEUE_FULL` */
  async json(query: string): Promise<string> {
    const shared = await this.#dashboard.answer(parseDashboardQuery(query), 'json', JSON.stringify);
    // Each page has a time of its own, so only the rest is shared.
    return `{"pollMs":${this.#pace.next(performance.now())},${shared.slice(1)}`;
  }

  /** @throws UniqueIDError (as a rejection) `INVALID_REQUEST`, `QUEUE_FULL` */
  async html(text: string): Promise<string> {
    const query = parseDashboardQuery(text);
    if (this.#needsToken) return this.#view(query, {verdict: await this.#publicVerdict()});
    return this.#dashboard.answer(query, 'html', (document) =>
      this.#view(query, {document, verdict: document.verdict}),
    );
  }

  #view(
    query: DashboardQuery,
    {document, verdict}: {readonly document?: DashboardDocument; readonly verdict: VerdictDocument},
  ): string {
    const {script, style} = this.#readAssets();
    return pageView({
      document,
      verdict,
      query,
      now: Date.now(),
      style: new Html(`<style>${style}</style>`),
      script: new Html(`<script>${script}</script>`),
    }).text;
  }

  async #publicVerdict(): Promise<VerdictDocument> {
    const problem = await this.#health.problem();
    const nothing = {since: null, quarantined: [], quarantinedCount: 0};
    if (problem === undefined) return {...nothing, state: 'healthy', reasons: []};
    const {code, message, hint = null} = withoutDetails(asUnavailable(problem));
    return {...nothing, state: 'unavailable', reasons: [{code, text: message, action: hint}]};
  }

  #readAssets(): Assets {
    this.#assets ??= readAssets();
    return this.#assets;
  }
}

function readAssets(): Assets {
  const read = (name: string): string => readFileSync(require.resolve(name), 'utf8').trim();
  const [script, style] = [read('#dashboard-script'), read('#dashboard-style')];
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return {script, style, policy};
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
