import morphdom from 'morphdom';
import type {Html} from '../lib/server/dashboard/view/html.js';

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element ${id}.`);
  return found;
}

/**
 * Changes the content of an element to this markup. Leaves what is equal, so selections stay. The focus stays
 * on its element, even if that moves: `data-key` and `id` say which elements belong together.
 */
export function update(id: string, markup: Html): void {
  const target = element(id);
  const focused = document.activeElement;
  const wanted = target.cloneNode(false) as HTMLElement;
  wanted.innerHTML = markup.text;
  morphdom(target, wanted, {
    childrenOnly: true,
    getNodeKey: (node) => {
      if (!(node instanceof HTMLElement)) return undefined;
      const key = node.dataset['key'];
      return key === undefined ? node.id : `key ${key}`;
    },
    onBeforeElUpdated: (from, to) => !from.isEqualNode(to),
  });
  const isLost = focused !== document.activeElement;
  if (isLost && focused instanceof HTMLElement && focused.isConnected) focused.focus({preventScroll: true});
}

export function setText(id: string, text: string): void {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}
