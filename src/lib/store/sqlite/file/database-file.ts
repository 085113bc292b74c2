import {UniqueIDError} from '../../../core/errors.js';
import type {OpenOptions} from '../../store.js';
import {fromSqliteError, isFull} from '../errors.js';
import type {NativeConnection} from '../native.js';
import type {CheckpointPolicy} from './checkpoint-policy.js';
import {openConnection} from './connection.js';
import {fileIdentity, isWritable} from './file.js';

/** Keeps a connection to the file that has the path now, and to one that can be written if the file can. */
export class DatabaseFile {
  readonly #path: string;
  readonly #options: OpenOptions;
  readonly #onReconnect: () => void;
  #connection: NativeConnection;
  #checkpointPolicy: CheckpointPolicy;
  #identity: string | undefined;
  #isStuckReadOnly = false;
  #isDisconnected = false;

  /** @param onReconnect called if another connection takes the place of the one that was used so far */
  constructor(path: string, options: OpenOptions, onReconnect: () => void) {
    this.#path = path;
    this.#options = options;
    this.#onReconnect = onReconnect;
    ({connection: this.#connection, checkpointPolicy: this.#checkpointPolicy} = openConnection(
      path,
      options,
    ));
    this.#identity = fileIdentity(path);
  }

  /** The connection to use inside `read` and `write`. */
  get connection(): NativeConnection {
    return this.#connection;
  }

  get checkpointPolicy(): CheckpointPolicy {
    return this.#checkpointPolicy;
  }

  /** better-sqlite3 answers at once; the interface of a store promises a promise, and errors of ours. */
  read<T>(work: () => T): Promise<T> {
    try {
      this.#followFile();
      this.#leaveReadOnly();
      return Promise.resolve(work());
    } catch (error) {
      const failure = fromSqliteError(error, this.#path);
      const isReadOnly = failure instanceof UniqueIDError && failure.code === 'DATABASE_READ_ONLY';
      this.#isStuckReadOnly = isReadOnly && this.#options.readOnly !== true;
      return Promise.reject(failure);
    }
  }

  /** Does the work in one transaction. */
  write<T>(work: () => T): Promise<T> {
    return this.read(() => {
      try {
        return this.#connection.writing(work);
      } catch (error) {
        // What failed for want of space is undone. Once the log is in the database it is written from its beginning again.
        if (!isFull(error) || !this.#copyLog()) throw error;
        return this.#connection.writing(work);
      }
    });
  }

  close(): void {
    this.#connection.close();
  }

  /** Copies the write-ahead log into the database, which takes no space for pages that are there; `false` where it could not. */
  #copyLog(): boolean {
    const [{log, checkpointed} = {log: 0n, checkpointed: 0n}] = this.#connection
      .statement<[], {log: bigint; checkpointed: bigint}>('PRAGMA wal_checkpoint(PASSIVE)')
      .all();
    return log > 0n && checkpointed === log;
  }

  /**
   * Another file may have been put in the place of the one that was opened, such as a backup: what is committed to
   * the old one nobody would ever see again. The old connection is left alone, since SQLite would remove the log of
   * the new file when it closes it (https://www.sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use).
   */
  #followFile(): void {
    const file = fileIdentity(this.#path);
    if (file === this.#identity) return;
    this.#reconnect();
    this.#identity = file;
  }

  /**
   * SQLite opens a file that cannot be written to read it, and never asks again: once the disk or the permissions are
   * mended, only a new connection writes. The old one is closed first, since all of one process share what they know
   * of the log.
   */
  #leaveReadOnly(): void {
    if (this.#isStuckReadOnly && isWritable(this.#path)) {
      this.#connection.close();
      this.#isDisconnected = true;
    }
    if (this.#isDisconnected) this.#reconnect();
  }

  #reconnect(): void {
    const options = {...this.#options, create: false};
    ({connection: this.#connection, checkpointPolicy: this.#checkpointPolicy} = openConnection(
      this.#path,
      options,
    ));
    this.#onReconnect();
    this.#isStuckReadOnly = false;
    this.#isDisconnected = false;
  }
}
