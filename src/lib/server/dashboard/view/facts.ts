import {productText, schemaVerdict} from '../../../operations/status-words.js';
import {formatDuration, formatInteger} from '../../../util/text/numbers.js';
import {visible} from '../../../util/text/visible.js';
import type {ErrorSummary} from '../../observability/error-tally.js';
import type {DashboardDocument} from '../document.js';
import {html, type Html} from './html.js';
import type {Clock} from './verdict.js';

/** Returns version, uptime and connections. */
export function serviceView({version, service}: DashboardDocument): Html {
  const {uptimeSeconds, connections} = service;
  return html`<dl class="facts">
    <div>
      <dt>Version</dt>
      <dd>${version}</dd>
    </div>
    <div>
      <dt>Up for</dt>
      <dd class="wide">${formatDuration(uptimeSeconds)}</dd>
    </div>
    ${
      connections === null
        ? null
        : html`<div>
            <dt>Connections</dt>
            <dd>${formatInteger(BigInt(connections))}</dd>
          </div>`
    }
  </dl>`;
}

export function databaseView({database, schema}: DashboardDocument): Html {
  if (database === null || schema === null) return html`<p class="empty">The database was not read yet.</p>`;
  const {location, durability, warnings} = database;
  const row = (name: string, text: string, kind = ''): Html =>
    html`<div class="${kind}">
      <dt>${name}</dt>
      <dd>${visible(text)}</dd>
    </div>`;
  const verdict = `${schema.version}, ${schemaVerdict(schema)}`;
  return html`<dl class="rows">
    ${row('Product', productText(database))}${row('Location', location)}
    ${row('Durability', durability)}${row('Schema', verdict, schema.problem === null ? '' : 'bad')}
    ${warnings.map((warning) => row('Warning', warning, 'bad'))}
  </dl>`;
}

/** Returns the errors of the last hour, by code. */
export function errorsView(errors: readonly ErrorSummary[], clock: Clock): Html {
  if (errors.length === 0) return html`<p class="empty">No errors in the last hour.</p>`;
  return html`<ul class="errors">
    ${errors.map((error) => errorView(error, clock))}
  </ul>`;
}

function errorView({code, count, status, lastAt, message, requestId}: ErrorSummary, {time}: Clock): Html {
  const times = count === 1 ? 'once' : `${formatInteger(BigInt(count))} times`;
  return html`<li class="${status >= 500 ? 'bad' : ''}">
    <p class="head">
      <code>${code}</code>
      <span>${times}, last at <time datetime="${new Date(lastAt).toISOString()}">${time(lastAt)}</time></span>
    </p>
    <p>${visible(message)}</p>
    <p class="id">Request <code>${requestId}</code></p>
  </li>`;
}
