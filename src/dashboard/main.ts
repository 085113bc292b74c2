import {unreachableText} from '../lib/operations/status-words.js';
import type {DashboardDocument} from '../lib/server/dashboard/document.js';
import {databaseView, errorsView, serviceView} from '../lib/server/dashboard/view/facts.js';
import {modeCountText, modesView} from '../lib/server/dashboard/view/modes.js';
import {verdictTitle, verdictView} from '../lib/server/dashboard/view/verdict.js';
import {Charts} from './charts.js';
import {Choice} from './choice.js';
import {Feed, type Answer} from './feed.js';
import {SampleHistory} from './history.js';
import {ModePanel} from './mode-panel.js';
import {browserClock, clockTime} from './times.js';
import {element, setText, update} from './update.js';

const signs = {healthy: '✓', degraded: '▲', unavailable: '✖'} as const;

/** The live page: asks, and shows each answer. */
class Page {
  readonly #samples = new SampleHistory();
  readonly #choice = new Choice(() => {
    this.#feed.askNow();
  });
  readonly #feed = new Feed({
    query: () => this.#query(),
    show: (answer) => {
      this.#show(answer);
    },
  });
  #charts: Charts | undefined;
  #panel: ModePanel | undefined;
  /** When the first failure after an answer arrived, on the monotonic clock. */
  #failingSince: number | undefined;
  #hasDocument = false;

  start(): void {
    document.body.classList.add('js');
    setText('place', location.host);
    const first = JSON.parse(element('state').textContent || 'null') as DashboardDocument | null;
    if (first !== null) this.#showDocument(first);
    if (location.protocol === 'file:') {
      const at = first === null ? '' : ` of ${new Date(first.now).toLocaleString()}`;
      setText('live', 'Saved copy');
      this.#notice(`This is a saved copy${at}: nothing on it changes.`);
      return;
    }
    this.#listen();
    this.#feed.askNow();
  }

  #listen(): void {
    const pause = element('pause');
    pause.hidden = false;
    pause.addEventListener('click', () => {
      this.#feed.isPaused = !this.#feed.isPaused;
      pause.textContent = this.#feed.isPaused ? 'Resume' : 'Pause';
      if (this.#feed.isPaused) setText('live', 'Paused');
    });
    element('token-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const field = element('token') as HTMLInputElement;
      this.#feed.token = field.value.trim();
      field.value = '';
    });
  }

  #query(): URLSearchParams {
    const {list, mode} = this.#choice;
    const query = new URLSearchParams({find: list.find, sort: list.sort, page: String(list.page)});
    if (mode !== undefined) query.set('mode', mode);
    const needsAll = this.#panel?.needsAll(mode) ?? true;
    query.set('since', String(needsAll ? 0 : this.#samples.lastAt));
    return query;
  }

  #show(answer: Answer): void {
    if (answer.kind === 'failed') {
      this.#showFailure(answer.reason);
      return;
    }
    this.#failingSince = undefined;
    document.body.classList.remove('stale');
    this.#notice('');
    element('token-form').hidden = answer.kind === 'document';
    element('content').hidden = answer.kind !== 'document';
    if (answer.kind === 'document') {
      this.#showDocument(answer.document);
      setText('live', this.#feed.isPaused ? 'Paused' : `Live at ${clockTime(answer.document.now)}`);
      return;
    }
    setText('live', 'Token needed');
    setText('token-error', answer.wasSent ? 'The service does not know this token.' : '');
    element('token').focus();
  }

  #showFailure(reason: string): void {
    const now = performance.now();
    this.#failingSince ??= now;
    document.body.classList.add('stale');
    setText('live', 'Unreachable');
    this.#notice(`${reason} ${unreachableText(now - this.#failingSince, this.#hasDocument)}`);
    this.#announce('The service is unreachable.', '✖ unreachable');
  }

  #showDocument(shown: DashboardDocument): void {
    const clock = browserClock(shown.now);
    this.#hasDocument = true;
    this.#samples.add(shown.samples);
    update('verdict', verdictView(shown.verdict, clock));
    update('service', serviceView(shown));
    update('errors', errorsView(shown.errors, clock));
    update('database', databaseView(shown));
    setText('mode-count', modeCountText(shown.modes));
    update('list', modesView(shown, this.#choice.list, clock));
    // Charts need a visible place.
    element('content').hidden = false;
    this.#charts ??= new Charts();
    this.#charts.show(this.#samples.all, shown.now);
    this.#panel ??= new ModePanel();
    this.#panel.show(this.#choice.mode, shown.mode, clock);
    const {state} = shown.verdict;
    this.#announce(verdictTitle(shown.verdict), `${signs[state]} ${state}`);
  }

  #notice(text: string): void {
    setText('notice', text);
    element('notice').hidden = text === '';
  }

  /** Says a change to screen readers, and shows it in the title of the tab. */
  #announce(text: string, title: string): void {
    setText('announcement', text);
    document.title = `${title} – UniqueID ${location.host}`.trim();
  }
}

new Page().start();
