import {UniqueIDError} from '../../../core/errors.js';
import type {OpenOptions} from '../../store.js';
import {fromSqliteError, isFull} from '../errors.js';
import type {NativeConnection} from '../native.js';
import type {CheckpointPolicy} from './checkpoint-policy.js';
import {openConnection} from './connection.js';
import {fileIdentity, isWritable} from './file.js';

/** Keeps a connection to the file now at the path, and a writable one if the file is writable. */
export class DatabaseFile {
  readonly #path: string;
  readonly #options: OpenOptions;
  readonly #onReconnect: () => void;
  #connection: NativeConnection;
  #checkpointPolicy: CheckpointPolicy;
  #identity: string | undefined;
  #isStuckReadOnly = false;
  #isDisconnected = false;

  /** @param onReconnect called after a new connection has replaced the previous one */
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

  /** Runs synchronous work. Returns a promise and converts errors, as `Store` requires. */
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

  /** Runs the work in one transaction. */
  write<T>(work: () => T): Promise<T> {
    return this.read(() => {
      try {
        return this.#connection.writing(work);
      } catch (error) {
        // SQLite has rolled the work back. After a complete checkpoint, it reuses the space of the WAL.
        if (!isFull(error) || !this.#checkpoint()) throw error;
        return this.#connection.writing(work);
      }
    });
  }

  close(): void {
    this.#connection.close();
  }

  /**
   * Copies the WAL into the database, which takes no space for existing pages. Returns false if it could not
   * copy all of it.
   */
  #checkpoint(): boolean {
    const [{log, checkpointed} = {log: 0n, checkpointed: 0n}] = this.#connection
      .statement<[], {log: bigint; checkpointed: bigint}>('PRAGMA wal_checkpoint(PASSIVE)')
      .all();
    return log > 0n && checkpointed === log;
  }

  /**
   * Reconnects if the file was replaced, for example by a backup; commits to the old inode would be lost.
   * Does not close the old connection, because SQLite would then remove the WAL of the new file:
   * https://www.sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use
   */
  #followFile(): void {
    const file = fileIdentity(this.#path);
    if (file === this.#identity) return;
    this.#reconnect();
    this.#identity = file;
  }

  /**
   * Reconnects if the file has become writable. SQLite opens a read-only file for reading and never checks
   * again. After the disk or the permissions are repaired, only a new connection can write. The old one is
   * closed first, because all connections of one process share their state of the WAL.
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
