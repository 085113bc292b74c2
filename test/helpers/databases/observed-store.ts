import type {ClaimResult, Claim, Store} from '../../../src/lib/store/store.js';

/** A real store, with a record of the groups it was asked for and a way to hold one up. */
export interface ObservedStore {
  readonly store: Store;
  readonly groups: (readonly Claim[])[];
  /** Called before each group goes on to the real store; whatever it throws, the store throws. */
  before: () => Promise<void>;
  /** Called when a group is committed, before the answer is passed on; for answers that get lost. */
  after: () => Promise<void>;
}

/** Watches a store; everything still happens in the real database. */
export function observe(real: Store): ObservedStore {
  const observed: ObservedStore = {
    groups: [],
    before: () => Promise.resolve(),
    after: () => Promise.resolve(),
    store: new Proxy(real, {
      get: (target, property) => {
        if (property === 'advance') return advance;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    }),
  };
  async function advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    observed.groups.push(claims);
    await observed.before();
    const results = await real.advance(claims, firstIndex);
    await observed.after();
    return results;
  }
  return observed;
}
