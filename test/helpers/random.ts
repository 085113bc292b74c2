/** Random choices that a seed makes repeatable. */
export interface Random {
  /** A number from 0 to less than 1. */
  readonly fraction: () => number;
  /** A whole number from `least` to `most`, both included. */
  readonly between: (least: number, most: number) => number;
  readonly pick: <T>(items: readonly T[]) => T;
  /** Returns true with a probability in percent. */
  readonly percent: (share: number) => boolean;
  /** Returns the items in random order. */
  readonly shuffled: <T>(items: readonly T[]) => T[];
}

/** Uses mulberry32 (Tommy Ettinger, public domain): 32 bits of state suffice to choose bytes and faults. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number =>
    least + Math.floor(fraction() * (most - least + 1));
  return {
    fraction,
    between,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new Error('an empty list has no item to pick');
      return items[between(0, items.length - 1)] as T;
    },
    percent: (share) => fraction() * 100 < share,
    shuffled: <T>(items: readonly T[]): T[] => {
      const rest = [...items];
      const order: T[] = [];
      while (rest.length > 0) order.push(...rest.splice(between(0, rest.length - 1), 1));
      return order;
    },
  };
}
