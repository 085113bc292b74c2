import type {Sample} from '../lib/server/dashboard/document.js';
import {CHART_SLOTS} from '../lib/server/dashboard/view/charts.js';

/** Keeps the samples of the last 15 minutes, from one answer to the next. */
export class SampleHistory {
  #samples: readonly Sample[] = [];

  get all(): readonly Sample[] {
    return this.#samples;
  }

  /** The time of the last sample, to ask only for later ones; 0 without one. */
  get lastAt(): number {
    return this.#samples.at(-1)?.[0] ?? 0;
  }

  add(samples: readonly Sample[]): void {
    const {lastAt} = this;
    const added = samples.filter(([time]) => time > lastAt);
    if (added.length > 0) this.#samples = [...this.#samples, ...added].slice(-CHART_SLOTS);
  }
}
