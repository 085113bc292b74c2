import type {PressedKey} from '../terminal/live-screen.js';
import {orders, type Order} from '../../lib/operations/orders.js';

/** The choices made by keys. */
export interface Controls {
  readonly order: Order;
  /** Lists only modes whose name contains it. */
  readonly filter: string;
  /** True while keys edit the filter. */
  readonly isTyping: boolean;
  /** The number of modes above the first one shown; `Infinity` for the end of the list. */
  readonly offset: number;
}

/**
 * Returns the controls after a key.
 *
 * @param pageSize the number of modes on the screen
 * @returns `quit` if the key ends the program
 */
export function pressKey(controls: Controls, key: PressedKey, pageSize: number): Controls | 'quit' {
  const offset = scrolledOffset(controls.offset, key.name, pageSize);
  if (offset !== undefined) return {...controls, offset};
  if (key.name === 'escape') return {...controls, filter: '', isTyping: false, offset: 0};
  if (controls.isTyping) return editFilter(controls, key);
  switch (key.text) {
    case 'q':
      return 'quit';
    case '/':
      return {...controls, isTyping: true};
    case 's':
      return {...controls, order: nextOrder(controls.order), offset: 0};
    default:
      return controls;
  }
}

function nextOrder(order: Order): Order {
  return orders[(orders.indexOf(order) + 1) % orders.length] ?? order;
}

/** Returns `undefined` if the key does not scroll. */
function scrolledOffset(offset: number, name: string, pageSize: number): number | undefined {
  const up = (count: number): number => Math.max(0, offset - count);
  switch (name) {
    case 'up':
      return up(1);
    case 'down':
      return offset + 1;
    case 'pageup':
      return up(pageSize);
    case 'pagedown':
      return offset + pageSize;
    case 'home':
      return 0;
    case 'end':
      return Infinity;
    default:
      return undefined;
  }
}

function editFilter(controls: Controls, {name, text, ctrl}: PressedKey): Controls {
  const {filter} = controls;
  if (name === 'return' || name === 'enter') return {...controls, isTyping: false};
  if (name === 'backspace') return {...controls, filter: Array.from(filter).slice(0, -1).join(''), offset: 0};
  if (ctrl && name === 'u') return {...controls, filter: '', offset: 0};
  // Other keys, such as F1, send several characters or controls.
  const isTyped = Array.from(text).length === 1 && !/\p{Cc}/u.test(text);
  return isTyped ? {...controls, filter: filter + text, offset: 0} : controls;
}
