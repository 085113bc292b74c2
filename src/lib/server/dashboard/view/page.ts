import {orders, type Order} from '../../../operations/orders.js';
import type {DashboardDocument, VerdictDocument} from '../document.js';
import type {DashboardQuery} from '../query.js';
import {CHART_SLOTS, chartsView} from './charts.js';
import {databaseView, errorsView, serviceView} from './facts.js';
import {Html, html} from './html.js';
import {modeCountText, modesView} from './modes.js';
import {verdictView, type Clock} from './verdict.js';

export interface PageContent {
  /** `undefined` if the page has to send a token first. */
  readonly document: DashboardDocument | undefined;
  readonly verdict: VerdictDocument;
  readonly query: DashboardQuery;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The elements of the style sheet and of the script: their texts must keep the bytes of their hashes. */
  readonly style: Html;
  readonly script: Html;
}

const orderNames: Readonly<Record<Order, string>> = {
  name: 'name',
  used: 'highest next index',
  rate: 'fastest',
};

/** Times of the service, which knows no zone of the reader. */
function serverClock(now: number): Clock {
  const iso = (at: number): string => new Date(at).toISOString();
  return {now, time: (at) => `${iso(at).slice(11, 19)} UTC`, date: (at) => iso(at).slice(0, 10)};
}

const icon =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E' +
  '%3Crect width=%2216%22 height=%2216%22 rx=%223%22 fill=%22%230b6bcb%22/%3E' +
  '%3Cpath d=%22M4 4v5a4 4 0 0 0 8 0V4%22 fill=%22none%22 ' +
  'stroke=%22white%22 stroke-width=%222%22/%3E%3C/svg%3E';

/** Returns the whole page with the values of this moment; its script keeps them fresh. */
export function pageView({document, verdict, query, now, style, script}: PageContent): Html {
  const clock = serverClock(now);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>UniqueID</title>
        <link rel="icon" href="${new Html(icon)}" />
        <noscript><meta http-equiv="refresh" content="10" /></noscript>
        ${style}
      </head>
      <body>
        <a class="skip" href="#modes">Skip to the modes</a>
        <header>
          <h1>UniqueID <span id="place"></span></h1>
          <div id="service">${document === undefined ? null : serviceView(document)}</div>
          <div class="live">
            <span id="live">as of ${clock.time(now)}</span
            ><button type="button" id="pause" hidden>Pause</button>
          </div>
        </header>
        <main>
          <p id="notice" hidden></p>
          <p id="announcement" class="hidden" role="status"></p>
          <section id="verdict" aria-label="Verdict">${verdictView(verdict, clock)}</section>
          ${tokenForm(document === undefined)} ${contentView(document, query, clock)}
        </main>
        <script type="application/json" id="state">
          ${stateOf(document)}
        </script>
        ${script}
      </body>
    </html> `;
}

/** Returns the part of the page that needs a token, if the service requires one. */
function contentView(document: DashboardDocument | undefined, query: DashboardQuery, clock: Clock): Html {
  return html`<div id="content" ${new Html(document === undefined ? ' hidden' : '')}>
    <div class="charts">${chartsView(document?.samples ?? [], CHART_SLOTS)}</div>
    <section id="mode" class="card" aria-labelledby="mode-title" hidden></section>
    <div class="columns">
      <section id="modes" class="card" aria-labelledby="modes-title">
        ${modesHeading(document, query)}
        <div id="list" class="scrolled">
          ${document === undefined ? null : modesView(document, query, clock)}
        </div>
      </section>
      <div class="side">
        <section class="card" aria-labelledby="errors-title">
          <h2 id="errors-title">Errors in the last hour</h2>
          <div id="errors">${document === undefined ? null : errorsView(document.errors, clock)}</div>
        </section>
        <section class="card" aria-labelledby="database-title">
          <h2 id="database-title">Database</h2>
          <div id="database">${document === undefined ? null : databaseView(document)}</div>
        </section>
      </div>
    </div>
  </div>`;
}

function tokenForm(isNeeded: boolean): Html {
  return html`<form id="token-form" class="card" ${new Html(isNeeded ? '' : ' hidden')}>
    <h2>This service requires a token</h2>
    <p>
      With a token of its tokens file, this page shows everything. It keeps the token in the memory of this
      tab alone.
    </p>
    <p>
      <label>Token <input type="password" id="token" autocomplete="off" required /></label>
      <button>Show</button>
    </p>
    <p id="token-error" role="alert"></p>
    <noscript><p>Sending a token needs JavaScript.</p></noscript>
  </form>`;
}

function modesHeading(document: DashboardDocument | undefined, {find, sort}: DashboardQuery): Html {
  const option = (order: Order): Html =>
    html`<option value="${order}" ${new Html(order === sort ? ' selected' : '')}>
      ${orderNames[order]}
    </option>`;
  return html`<div class="heading">
    <h2 id="modes-title">Modes <span id="mode-count">${modeCountText(document?.modes ?? null)}</span></h2>
    <form id="search" role="search">
      <label>Find <input type="search" name="find" maxlength="255" value="${find}" /></label>
      <label
        >Sort by
        <select name="sort">
          ${orders.map(option)}
        </select></label
      >
      <button>Show</button>
    </form>
  </div>`;
}

/** Returns JSON that cannot end its element. */
function stateOf(document: DashboardDocument | undefined): Html {
  return new Html(JSON.stringify(document ?? null).replaceAll('<', String.raw`\u003c`));
}
