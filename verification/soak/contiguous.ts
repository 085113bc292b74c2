/** Joins the ranges of one counter that begins at 0 while they come in any order, and sees what does not fit. */
export class Contiguous {
  /** Where the ranges end that do not yet follow on all before them, by where they begin. */
  readonly #apart = new Map<number, number>();
  readonly #overlaps: string[] = [];
  #next = 0;
  issued = 0;

  add(start: number, end: number): void {
    if (start < this.#next || this.#apart.has(start)) {
      this.#overlaps.push(`${start}..${end} was given before`);
      return;
    }
    this.issued += end - start + 1;
    this.#apart.set(start, end);
    for (let last = this.#apart.get(this.#next); last !== undefined; last = this.#apart.get(this.#next)) {
      this.#apart.delete(this.#next);
      this.#next = last + 1;
    }
  }

  /** What is wrong when all have come: ranges given twice, and integers that nobody was given. */
  flaws(): string[] {
    const gaps = [...this.#apart.keys()].map((start) => `something is missing before ${start}`);
    return [...this.#overlaps, ...gaps].slice(0, 10);
  }
}
