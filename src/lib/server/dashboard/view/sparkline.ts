import {html, type Html} from './html.js';

/** Draws values as a line from left to right, the highest at the top; the size is that of the style sheet. */
export function sparkline(values: readonly number[], slots: number): Html {
  const max = Math.max(...values, 0);
  const first = slots - values.length;
  const points = values.map((value, index) => {
    const y = max === 0 ? 99 : 99 - (value / max) * 98;
    return `${(((first + index) / Math.max(1, slots - 1)) * 300).toFixed(1)},${y.toFixed(1)}`;
  });
  return html`<svg class="spark" viewBox="0 0 300 100" preserveAspectRatio="none" aria-hidden="true">
    <polyline points="${points.join(' ')}" />
  </svg>`;
}
