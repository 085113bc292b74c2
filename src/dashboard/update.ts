import morphdom from 'morphdom';
import type {Html} from '../lib/server/dashboard/view/html.js';

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element ${id}.`);
  return found;
}

/** Changes the content of an element to this markup. Leaves what is equal, so focus and selections stay. */
export function update(id: string, markup: Html): void {
  const target = element(id);
  const wanted = target.cloneNode(false) as HTMLElement;
  wanted.innerHTML = markup.text;
  morphdom(target, wanted, {
    childrenOnly: true,
    onBeforeElUpdated: (from, to) => !from.isEqualNode(to),
  });
}

export function setText(id: string, text: string): void {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}
