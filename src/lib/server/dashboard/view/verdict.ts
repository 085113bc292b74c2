import {formatDuration, formatInteger} from '../../../util/text/numbers.js';
import {visible} from '../../../util/text/visible.js';
import type {QuarantinedMode, Reason, VerdictDocument, VerdictState} from '../document.js';
import {html, type Html} from './html.js';

/** The moment of a view. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Formats a time of today, with its zone if that is not the reader's. */
  readonly time: (at: number) => string;
  /** Formats a date. */
  readonly date: (at: number) => string;
}

/** Shapes differ as well as colours: a triangle and an octagon are signs that need no colour. */
const icons: Readonly<Record<VerdictState, Html>> = {
  healthy: html`<circle cx="12" cy="12" r="10" /><path d="m7.5 12.5 3 3 6-6.5" />`,
  degraded: html`<path d="M12 2.5 22.5 21h-21Z" /><path d="M12 9.5v5m0 3v.5" />`,
  unavailable: html`<path d="M8 2h8l6 6v8l-6 6H8l-6-6V8Z" /><path d="m8.5 8.5 7 7m0-7-7 7" />`,
};

/** Returns the verdict in one line, its reasons, and the commands that mend quarantined modes. */
export function verdictView(verdict: VerdictDocument, clock: Clock): Html {
  const {state, reasons, quarantined} = verdict;
  return html`<div class="verdict ${state}">
    <svg class="sign" viewBox="0 0 24 24" aria-hidden="true">${icons[state]}</svg>
    <div>
      <h2>${verdictTitle(verdict)}${sinceView(verdict, clock)}</h2>
      ${reasons.map(reasonView)}${quarantined.length > 0 ? quarantineView(verdict) : null}
    </div>
  </div>`;
}

/** Returns the verdict in words that do not change while it lasts: a screen reader reads each change. */
export function verdictTitle({state, quarantinedCount}: VerdictDocument): string {
  if (state === 'unavailable') return 'Unavailable: no integers can be allocated';
  if (state === 'healthy') return 'Healthy: integers can be allocated';
  if (quarantinedCount === 0) return 'Degraded: integers can be allocated, but look at this';
  const modes =
    quarantinedCount === 1 ? 'one mode is' : `${formatInteger(BigInt(quarantinedCount))} modes are`;
  return `Degraded: ${modes} quarantined`;
}

function sinceView({since}: VerdictDocument, {now, time}: Clock): Html | null {
  if (since === null) return null;
  const length = formatDuration(Math.max(0, now - since) / 1000);
  return html` <span class="since"
    >since <time datetime="${new Date(since).toISOString()}">${time(since)}</time> (${length})</span
  >`;
}

function reasonView({code, text, action}: Reason): Html {
  return html`<p>${visible(text)}${code === null ? null : html` <code>${code}</code>`}</p>
    ${action === null ? null : html`<p class="action"><b>What to do:</b> ${visible(action)}</p>`}`;
}

function quarantineView({quarantined, quarantinedCount}: VerdictDocument): Html {
  const rest = quarantinedCount - quarantined.length;
  return html`<p>
      A counter is lower than integers that were already issued. An older database may have been restored. To
      mend a mode, run its command on the machine of the service; with several services, use the highest
      number.
    </p>
    <ul class="mend">
      ${quarantined.map(quarantinedView)}
    </ul>
    ${rest > 0 ? html`<p>… and ${formatInteger(BigInt(rest))} more.</p>` : null}`;
}

function quarantinedView({mode, found, highWaterMark, command}: QuarantinedMode): Html {
  const issued = formatInteger(BigInt(highWaterMark) - 1n);
  return html`<li>
    <bdi class="name">${visible(mode)}</bdi> is at ${formatInteger(BigInt(found))}, issued up to ${issued}.
    <code class="command">${visible(command)}</code>
  </li>`;
}
