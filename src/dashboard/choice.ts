import {orders, type Order} from '../lib/operations/orders.js';
import {modeFragment, type ModeChoice} from '../lib/server/dashboard/view/modes.js';
import {element} from './update.js';

/** A pause in typing after which the list is searched. */
const TYPING_MS = 250;

/** The modes that the reader has chosen; the URL holds the choice, so that it can be shared. */
export class Choice {
  readonly #changed: () => void;
  #find: string;
  #sort: Order;
  #page: number;
  #mode: string | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
    const parameters = new URLSearchParams(location.search);
    this.#find = parameters.get('find') ?? '';
    this.#sort = orders.find((each) => each === parameters.get('sort')) ?? 'name';
    this.#page = Number(parameters.get('page') ?? 1);
    this.#mode = modeOfFragment();
    this.#listen();
  }

  get list(): ModeChoice {
    return {find: this.#find, sort: this.#sort, page: this.#page};
  }

  /** The mode with a chart of its own. */
  get mode(): string | undefined {
    return this.#mode;
  }

  #listen(): void {
    const form = element('search') as HTMLFormElement;
    const read = (): void => {
      const data = new FormData(form);
      const [find, sort] = [data.get('find'), data.get('sort')];
      this.#show(typeof find === 'string' ? find : '', orders.find((each) => each === sort) ?? 'name', 1);
    };
    let timer: number | undefined;
    form.addEventListener('input', () => {
      clearTimeout(timer);
      timer = window.setTimeout(read, TYPING_MS);
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      clearTimeout(timer);
      read();
    });
    element('list').addEventListener('click', (event) => {
      const link = (event.target as Element).closest<HTMLElement>('a[data-page]');
      const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
      if (link === null || !isPlain) return;
      event.preventDefault();
      this.#show(this.#find, this.#sort, Number(link.dataset['page']));
    });
    addEventListener('hashchange', () => {
      this.#mode = modeOfFragment();
      this.#changed();
    });
  }

  #show(find: string, sort: Order, page: number): void {
    if (find === this.#find && sort === this.#sort && page === this.#page) return;
    this.#find = find;
    this.#sort = sort;
    this.#page = page;
    const query = new URLSearchParams();
    if (find !== '') query.set('find', find);
    if (sort !== 'name') query.set('sort', sort);
    if (page > 1) query.set('page', String(page));
    const fragment = this.#mode === undefined ? '' : `#${modeFragment(this.#mode)}`;
    const search = query.size === 0 ? '' : `?${query.toString()}`;
    history.replaceState(null, '', `${location.pathname}${search}${fragment}`);
    this.#changed();
  }
}

function modeOfFragment(): string | undefined {
  const text = /^#mode=(.*)$/s.exec(location.hash)?.[1];
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
