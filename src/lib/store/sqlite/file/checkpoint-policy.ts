import {statfsSync} from 'node:fs';
import type {NativeConnection} from '../native.js';

/**
 * How big the write-ahead log may become before it is copied into the database, in bytes; what SQLite does itself.
 * It is then written from its beginning again, and a sync takes half as long in a file that does not grow.
 */
const USUAL_BYTES = 4 * 2 ** 20;

/**
 * The same where groups hold many modes. A page that was changed again and again is copied once: with a million modes
 * asked for at random, a group takes a third less than with the usual size. A bigger log would hold everybody up for
 * longer when it is copied, and take longer to read after a crash.
 */
const LONG_BYTES = 32 * 2 ** 20;

/** From so many modes in a group on, their pages cost more than the sync. */
const MANY_MODES = 16;

/** The share of a file system that the log may take, where that is less. */
const MOST_SHARE = 1 / 16;

/** Sets when a connection copies the write-ahead log. */
export class CheckpointPolicy {
  readonly #connection: NativeConnection;
  readonly #mostBytes: number;
  #isLong = false;

  constructor(connection: NativeConnection, path: string) {
    const {bsize, blocks} = statfsSync(path);
    this.#connection = connection;
    this.#mostBytes = bsize * blocks * MOST_SHARE;
    this.#set(USUAL_BYTES);
  }

  /** Tells of the number of modes in a group; once there were many the log stays long, and does not grow any more. */
  adaptTo(modes: number): void {
    if (this.#isLong || modes < MANY_MODES) return;
    this.#isLong = true;
    this.#set(LONG_BYTES);
  }

  /** https://www.sqlite.org/pragma.html#pragma_wal_autocheckpoint counts pages, and takes 0 for never. */
  #set(bytes: number): void {
    const page = Number(this.#connection.value('PRAGMA page_size'));
    const pages = Math.max(1, Math.floor(Math.min(bytes, this.#mostBytes) / page));
    this.#connection.execute(`PRAGMA wal_autocheckpoint = ${pages}`);
  }
}
