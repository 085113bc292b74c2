import {setTimeout as sleep} from 'node:timers/promises';
import type {DatabaseUrl} from '../config/database-url.js';
import {UniqueIDError} from '../errors.js';
import {openStore} from './open.js';
import type {OpenOptions, Store} from './store.js';

/** How often and how patiently to try. */
export interface ConnectOptions extends OpenOptions {
  readonly attempts: number;
  /** The pause between two attempts, in milliseconds. */
  readonly waitMs: number;
  /** Called before each pause. */
  readonly onWait?: (error: UniqueIDError, attempt: number) => void;
}

/**
 * Opens a store, and waits for a database that is not up yet, as the Python service does with
 * `connect_attempts` and `connect_wait`. What waiting cannot mend is thrown at once.
 */
export async function connectStore(url: DatabaseUrl, options: ConnectOptions): Promise<Store> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openStore(url, options);
    } catch (error) {
      if (!(error instanceof UniqueIDError) || !error.transient || attempt >= options.attempts) throw error;
      options.onWait?.(error, attempt);
      await sleep(options.waitMs);
    }
  }
}
