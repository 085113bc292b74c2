import {unreachableText} from '../lib/operations/status-words.js';
import type {DashboardDocument, VerdictDocument} from '../lib/server/dashboard/document.js';
import {databaseView, errorsView, serviceView} from '../lib/server/dashboard/view/facts.js';
import {modeCountText, modesView} from '../lib/server/dashboard/view/modes.js';
import {verdictTitle, verdictView, type Clock} from '../lib/server/dashboard/view/verdict.js';
import {Charts} from './charts.js';
import {Choice} from './choice.js';
import {Feed, type Answer} from './feed.js';
import {History} from './history.js';
import {ModePanel} from './mode-panel.js';
import {browserClock, clockTime} from './times.js';
import {element, setText, update} from './update.js';

const signs = {healthy: '✓', degraded: '▲', unavailable: '✖'} as const;

const SHARED_TEXT =
  'Several services have answered at this address in turn. Open each at an address of its own: ' +
  'rates and charts are those of the one that answered last.';

/** The live page: asks, and shows each answer. */
class Page {
  readonly #samples = new History();
  /** The process that answered last. */
  #instance: string | undefined;
  /** The processes before it; one that answers again shares its address with others. */
  readonly #earlier = new Set<string>();
  readonly #choice = new Choice(() => {
    this.#feed.askNow();
  });
  readonly #feed = new Feed({
    query: () => this.#query(),
    show: (answer) => {
      this.#show(answer);
    },
    rest: () => {
      this.#setTitle('');
    },
  });
  #charts: Charts | undefined;
  #panel: ModePanel | undefined;
  /** When the first failure after an answer arrived, on the monotonic clock. */
  #failingSince: number | undefined;
  #hasDocument = false;
  #isShared = false;

  start(): void {
    document.body.classList.add('js');
    setText('place', location.host);
    const first = JSON.parse(element('state').textContent || 'null') as DashboardDocument | null;
    if (first !== null) this.#showDocument(first, undefined);
    if (location.protocol === 'file:') {
      const at = first === null ? '' : ` of ${new Date(first.now).toLocaleString()}`;
      setText('live', 'Saved copy');
      document.body.classList.add('stale');
      document.title = `Saved copy${at} – UniqueID`;
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
    if (this.#instance !== undefined) query.set('instance', this.#instance);
    return query;
  }

  #show(answer: Answer): void {
    if (answer.kind === 'failed') {
      this.#showFailure(answer.status);
      return;
    }
    this.#failingSince = undefined;
    document.body.classList.remove('stale');
    element('token-form').hidden = answer.kind === 'document';
    element('content').hidden = answer.kind !== 'document';
    if (answer.kind === 'document') {
      this.#showDocument(answer.document, answer.mode);
      this.#notice(this.#isShared ? SHARED_TEXT : '');
      setText('live', this.#feed.isPaused ? 'Paused' : `Live at ${clockTime(answer.document.now)}`);
      return;
    }
    this.#notice('');
    setText('live', 'Token needed');
    if (answer.kind === 'health') {
      this.#showVerdict(answer.verdict, browserClock(Date.now()));
      return;
    }
    setText('token-error', answer.wasSent ? 'The service does not know this token.' : '');
    element('token').focus();
  }

  /** @param status of an answer without values; `undefined` if nothing answers */
  #showFailure(status: number | undefined): void {
    const now = performance.now();
    this.#failingSince ??= now;
    document.body.classList.add('stale');
    const [word, what, silence] =
      status === undefined
        ? ['unreachable', 'The service does not answer.', 'Unreachable']
        : [`status ${status}`, `The address answers with status ${status}.`, 'No values'];
    setText('live', `✖ ${word}`);
    this.#notice(`${what} ${unreachableText(now - this.#failingSince, this.#hasDocument, silence)}`);
    this.#announce(what, `✖ ${word}`);
  }

  /** @param mode the one that was asked for */
  #showDocument(shown: DashboardDocument, mode: string | undefined): void {
    const clock = browserClock(shown.now);
    this.#hasDocument = true;
    this.#noteInstance(shown.service.instance);
    this.#samples.add(shown.service.instance, shown.samples);
    this.#showVerdict(shown.verdict, clock);
    update('service', serviceView(shown));
    update('errors', errorsView(shown.errors, clock));
    update('database', databaseView(shown));
    setText('mode-count', modeCountText(shown.modes));
    update('list', modesView(shown, this.#choice.list, clock));
    // Charts need a visible place.
    element('content').hidden = false;
    this.#charts ??= new Charts();
    this.#charts.show(this.#samples.rows, shown.now);
    this.#panel ??= new ModePanel();
    const isKnown = mode === this.#choice.mode && shown.modes !== null;
    this.#panel.show(this.#choice.mode, isKnown ? shown.mode : undefined, shown.service.instance, clock);
    this.#keepForCopy(shown);
  }

  #showVerdict(verdict: VerdictDocument, clock: Clock): void {
    update('verdict', verdictView(verdict, clock));
    this.#announce(verdictTitle(verdict), `${signs[verdict.state]} ${verdict.state}`);
  }

  /** Warns if several services answer in turn: their numbers do not belong together. */
  #noteInstance(instance: string): void {
    if (instance === this.#instance) return;
    this.#isShared ||= this.#earlier.has(instance);
    if (this.#instance !== undefined) this.#earlier.add(this.#instance);
    this.#instance = instance;
  }

  /** "Save as" keeps this text, so that a copy has the values that were on the page. */
  #keepForCopy(shown: DashboardDocument): void {
    const state = JSON.stringify({...shown, samples: this.#samples.rows, mode: null});
    element('state').textContent = state.replaceAll('<', String.raw`\u003c`);
  }

  #notice(text: string): void {
    setText('notice', text);
    element('notice').hidden = text === '';
  }

  /** Says a change to screen readers, and shows it in the title of the tab. */
  #announce(text: string, title: string): void {
    setText('announcement', text);
    this.#setTitle(title);
  }

  /** A page that does not ask must not look healthy in the bar of tabs. */
  #setTitle(title: string): void {
    const shown = this.#feed.isResting ? '⏸ paused' : title;
    document.title = `${shown} – UniqueID ${location.host}`.trim();
  }
}

new Page().start();
