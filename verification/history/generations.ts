import type {Answered, Reset} from './line.js';

/** A part of a range, and the reset that released its integers to be issued again. */
export interface Part {
  readonly start: bigint;
  readonly end: bigint;
  /** The number of the releasing reset among the backward resets of the mode; `undefined` for none. */
  readonly released: number | undefined;
}

/**
 * Knows which integers a backward reset has released. A reset to N releases all issued integers from N on.
 *
 * Two answers with the same integer are a duplicate only if the same reset released both, or none did.
 */
export class Generations {
  readonly #backward = new Map<string, Reset[]>();

  constructor(resets: readonly Reset[]) {
    for (const reset of [...resets].sort((a, b) => a.begun - b.begun)) {
      if (reset.to >= reset.from) continue;
      const known = this.#backward.get(reset.mode);
      if (known === undefined) this.#backward.set(reset.mode, [reset]);
      else known.push(reset);
    }
  }

  /** Splits a range by the resets that released its integers; from the highest part to the lowest. */
  parts(line: Answered): readonly Part[] {
    const resets = this.#backward.get(line.mode);
    const {start} = line;
    let {end} = line;
    const parts: Part[] = [];
    const first = resets?.findIndex((reset) => wasIssuedBefore(line, reset)) ?? -1;
    for (const [index, {to}] of (resets ?? []).entries()) {
      if (first === -1 || index < first || to > end) continue;
      parts.push({start: to > start ? to : start, end, released: index});
      end = to - 1n;
      if (end < start) return parts;
    }
    return [...parts, {start, end, released: undefined}];
  }
}

/** Decides by value for an answer at the time of the reset: a recorder moves the counter far enough. */
function wasIssuedBefore({begun, ended, start}: Answered, reset: Reset): boolean {
  if (ended < reset.begun) return true;
  if (begun > reset.ended) return false;
  return start >= (reset.from + reset.to) / 2n;
}
