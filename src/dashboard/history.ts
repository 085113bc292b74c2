import {CHART_SLOTS} from '../lib/server/dashboard/view/charts.js';

/** Values of one moment: the time in milliseconds since 1970, then the values; `null` interrupts the line. */
export type Row = readonly [time: number, ...values: (number | null)[]];

/** Without a sample for this time, a line between two would be invented. */
const GAP_MS = 5000;

/** Keeps the values of the last 15 minutes, from one answer to the next. */
export class History {
  #rows: readonly Row[] = [];
  #instance: string | undefined;

  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** The time of the last row, to ask only for later ones; 0 without one. */
  get lastAt(): number {
    return this.#rows.at(-1)?.[0] ?? 0;
  }

  /** @param instance names the process that measured the rows */
  add(instance: string, rows: readonly Row[]): void {
    const {lastAt} = this;
    let isContinued = instance === this.#instance;
    this.#instance = instance;
    const [first] = rows;
    if (first === undefined) return;
    const isOther = !isContinued && first[0] <= lastAt;
    const isClockSetBack = (rows.at(-1)?.[0] ?? 0) < lastAt;
    const all: Row[] = isOther || isClockSetBack ? [] : [...this.#rows];
    for (const row of rows) {
      const last = all.at(-1);
      if (last !== undefined) {
        if (row[0] <= last[0]) continue;
        // After a restart, too.
        if (!isContinued || row[0] - last[0] > GAP_MS)
          all.push([last[0] + 1, ...row.slice(1).map(() => null)]);
      }
      isContinued = true;
      all.push(row);
    }
    this.#rows = all.slice(-CHART_SLOTS);
  }
}
