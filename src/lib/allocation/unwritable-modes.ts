import QuickLRU from 'quick-lru';
import {UniqueIDError} from '../core/errors.js';

/** The cache holds less than twice this number of modes. */
const MAX_MODES = 1000;

/** After this time the database is tried again: the table may have been converted. */
const REJECTION_TTL_MS = 60_000;

/** Remembers modes that the database cannot hold, so that a client that repeats one causes no commits. */
export class UnwritableModes {
  readonly #errors = new QuickLRU<string, UniqueIDError>({maxSize: MAX_MODES, maxAge: REJECTION_TTL_MS});

  add(mode: string, {message, hint}: UniqueIDError): void {
    // Without the cause, which holds the whole SQL, and with a copy of the mode, not a slice of its request.
    const error = new UniqueIDError('INVALID_MODE', message, hint === undefined ? {} : {hint});
    this.#errors.set(Buffer.from(mode).toString(), error);
  }

  /** Throws if the database rejected the mode within the last minute. @throws UniqueIDError `INVALID_MODE` */
  assertWritable(mode: string): void {
    const error = this.#errors.get(mode);
    if (error !== undefined) throw error;
  }
}
