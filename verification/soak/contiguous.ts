/** Joins the ranges of one counter that begins at 0, in any order of arrival, and finds overlaps and gaps. */
export class Contiguous {
  /** Ends of the ranges that are not yet joined to those before them, by start. */
  readonly #apart = new Map<number, number>();
  readonly #overlaps: string[] = [];
  #next = 0;
  issued = 0;

  add(start: number, end: number): void {
    if (start < this.#next || this.#apart.has(start)) {
      this.#overlaps.push(`${start}..${end} was issued before`);
      return;
    }
    this.issued += end - start + 1;
    this.#apart.set(start, end);
    for (let last = this.#apart.get(this.#next); last !== undefined; last = this.#apart.get(this.#next)) {
      this.#apart.delete(this.#next);
      this.#next = last + 1;
    }
  }

  /** Returns the flaws after all ranges arrived: ranges issued twice, and integers never issued. */
  flaws(): string[] {
    const gaps = [...this.#apart.keys()].map((start) => `integers before ${start} are missing`);
    return [...this.#overlaps, ...gaps].slice(0, 10);
  }
}
