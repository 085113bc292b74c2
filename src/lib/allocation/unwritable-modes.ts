import QuickLRU from 'quick-lru';
import {UniqueIDError} from '../core/errors.js';

/** The most modes remembered: less than twice as many are kept. */
const MAX_MODES = 1000;

/** Time until the database is asked again, in milliseconds: the table may have been converted. */
const REMEMBERED_MS = 60_000;

/** Remembers modes that the database cannot hold, so that a client that asks for one again and again costs no commit. */
export class UnwritableModes {
  readonly #errors = new QuickLRU<string, UniqueIDError>({maxSize: MAX_MODES, maxAge: REMEMBERED_MS});

  add(mode: string, {message, hint}: UniqueIDError): void {
    // Without the cause, which holds the whole SQL, and with a copy of the mode, not a slice of its request.
    const error = new UniqueIDError('INVALID_MODE', message, hint === undefined ? {} : {hint});
    this.#errors.set(Buffer.from(mode).toString(), error);
  }

  /** Throws if a mode was rejected within the last minute. @throws UniqueIDError `INVALID_MODE` */
  assertWritable(mode: string): void {
    const error = this.#errors.get(mode);
    if (error !== undefined) throw error;
  }
}
