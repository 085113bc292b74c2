import {noModesText, nextText, positionText} from '../../../operations/status-words.js';
import {formatInteger, formatPercent, formatRate} from '../../../util/text/numbers.js';
import {visible} from '../../../util/text/visible.js';
import type {DashboardDocument, ModePageDocument, ModeRow} from '../document.js';
import type {DashboardQuery} from '../query.js';
import {html, type Html} from './html.js';
import {sparkline} from './sparkline.js';
import type {Clock} from './verdict.js';

/** A shorter line, of a service that has just started, is not stretched over the whole width. */
const MIN_SPARK_STEPS = 6;

export type ModeChoice = Pick<DashboardQuery, 'find' | 'sort' | 'page'>;

/** Returns the table of modes with its position and its pages. */
export function modesView(
  {modes, schema}: Pick<DashboardDocument, 'modes' | 'schema'>,
  choice: ModeChoice,
  clock: Clock,
): Html {
  if (modes === null) return html`<p class="empty">The modes were not read yet.</p>`;
  if (modes.matching === 0) {
    const none =
      choice.find === '' ? noModesText(schema ?? {problem: null}) : `No mode matches "${choice.find}".`;
    return html`<p class="empty">${visible(none)}</p>`;
  }
  const head = (text: string, name = ''): Html => html`<th scope="col" class="${name}">${text}</th>`;
  return html`<table class="modes">
      <thead>
        <tr>
          ${head('Mode', 'name')}${head('Next index', 'number next')}${head('Per second', 'number rate')}
          ${head('Trend', 'trend')}${head('Used', 'number used')}${head('Runs out', 'number end')}
        </tr>
      </thead>
      <tbody>
        ${modes.rows.map((row) => rowView(row, clock))}
      </tbody>
    </table>
    ${pagesView(modes, choice)}`;
}

function rowView(row: ModeRow, clock: Clock): Html {
  const {mode, next, rate, usedShare, runsOutAt, isWarned, spark} = row;
  return html`<tr class="${isWarned ? 'warned' : ''}" data-key="${mode}">
    <th scope="row" class="name">
      <a href="#${modeFragment(mode)}"><bdi>${visible(mode)}</bdi></a
      >${warningView(row)}
    </th>
    ${cell('next', nextText(next === null ? null : BigInt(next)))}
    ${cell('rate', rate === null ? '…' : formatRate(rate))}
    <td class="trend">
      ${spark.length === 0 ? null : sparkline(spark, Math.max(spark.length, MIN_SPARK_STEPS))}
    </td>
    ${cell('used', usedShare === null ? '' : formatPercent(usedShare))}
    ${cell('end', runsOutAt === null ? '' : clock.date(runsOutAt))}
  </tr>`;
}

function cell(name: string, text: string): Html {
  return html`<td class="number ${name}">${text}</td>`;
}

/** Returns the word for a mode that needs an operator. */
function warningView({isWarned, isQuarantined, isRaised, next}: ModeRow): Html | null {
  if (!isWarned) return null;
  const word = isQuarantined
    ? 'quarantined'
    : next === null
      ? 'damaged'
      : isRaised
        ? 'raised'
        : 'nearly used up';
  return html` <span class="flag">${word}</span>`;
}

/** Returns the fragment of the URL that shows the chart of a mode. */
export function modeFragment(mode: string): string {
  return `mode=${encodeURIComponent(mode)}`;
}

function pagesView(
  {offset, pageSize, rows, matching, isPartial}: ModePageDocument,
  choice: ModeChoice,
): Html {
  const page = Math.floor(offset / pageSize) + 1;
  const last = Math.ceil(matching / pageSize);
  const links = [
    pageLink('First', 1, page > 1, choice),
    pageLink('Previous', page - 1, page > 1, choice),
    pageLink('Next', page + 1, page < last, choice),
    pageLink('Last', last, page < last, choice),
  ];
  return html`<nav class="pages" aria-label="Pages of modes">
    <span>${positionText(offset, rows.length, matching, isPartial)}</span>
    ${last > 1 ? links : null}
  </nav>`;
}

function pageLink(text: string, page: number, isPossible: boolean, {find, sort}: ModeChoice): Html {
  if (!isPossible) return html`<a class="page" aria-disabled="true" role="link">${text}</a>`;
  const query = new URLSearchParams({find, sort, page: String(page)});
  return html`<a class="page" href="?${query.toString()}#modes" data-page="${page}">${text}</a>`;
}

/** Returns the facts of one mode above its chart. */
export function modeFactsView(row: ModeRow, clock: Clock): Html {
  const {mode, next, rate, usedShare, runsOutAt} = row;
  const end = runsOutAt === null ? 'not within ten years' : clock.date(runsOutAt);
  return html`<h2 id="mode-title" tabindex="-1">
      Mode <bdi class="name">${visible(mode)}</bdi>${warningView(row)}
    </h2>
    <dl class="facts">
      <div>
        <dt>Next index</dt>
        <dd>${nextText(next === null ? null : BigInt(next))}</dd>
      </div>
      <div>
        <dt>Per second</dt>
        <dd>${rate === null ? '…' : formatRate(rate)}</dd>
      </div>
      <div>
        <dt>Used</dt>
        <dd>${usedShare === null ? 'less than 0.1 %' : formatPercent(usedShare)}</dd>
      </div>
      <div>
        <dt>Runs out at this rate</dt>
        <dd>${end}</dd>
      </div>
    </dl>`;
}

/** Formats how many modes there are, for the heading. */
export function modeCountText(modes: ModePageDocument | null): string {
  return modes === null ? '' : `${modes.isPartial ? 'more than ' : ''}${formatInteger(BigInt(modes.total))}`;
}
