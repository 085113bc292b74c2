import type {ClaimResult, Claim, Store} from '../../../src/lib/store/store.js';

/** A real store that records its batches and can delay or fail one. */
export interface ObservedStore {
  readonly store: Store;
  readonly groups: (readonly Claim[])[];
  /** Called before each batch; the store throws its errors. */
  before: () => Promise<void>;
  /** Called after each commit, before the answer; an error simulates a lost answer. */
  after: () => Promise<void>;
  /** Called before counters are read; the store throws its errors. */
  beforeReading: (modes: readonly string[]) => Promise<void>;
}

/** Replaces some methods of a real store; all others are its own. */
export function withMethods(real: Store, methods: Partial<Store>): Store {
  return new Proxy(real, {
    get: (target, property) => {
      if (Object.hasOwn(methods, property)) return Reflect.get(methods, property) as unknown;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Wraps a real store; all changes still happen in its database. */
export function observe(real: Store): ObservedStore {
  const observed: ObservedStore = {
    groups: [],
    before: () => Promise.resolve(),
    after: () => Promise.resolve(),
    beforeReading: () => Promise.resolve(),
    store: withMethods(real, {advance, readCounters}),
  };
  async function advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    observed.groups.push(claims);
    await observed.before();
    const results = await real.advance(claims, firstIndex);
    await observed.after();
    return results;
  }
  async function readCounters(modes: readonly string[]): ReturnType<Store['readCounters']> {
    await observed.beforeReading(modes);
    return real.readCounters(modes);
  }
  return observed;
}
