import {onTestFinished} from 'vitest';
import {parseDatabaseUrl} from '../../../src/lib/config/database-url.js';
import {openStore} from '../../../src/lib/store/open.js';
import type {OpenOptions, Store} from '../../../src/lib/store/store.js';
import type {TestDatabase} from '../../store/conformance.js';

/** A database of one test on a network server. */
export interface NetworkTestDatabase extends TestDatabase {
  readonly url: string;
}

/** Opens a store by its URL, as commands do, and closes it with the test. */
export async function openForTest(url: string, options?: OpenOptions): Promise<Store> {
  const store = await openStore(parseDatabaseUrl(url), options);
  onTestFinished(() => store.close());
  return store;
}
