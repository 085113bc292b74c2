import {statfsSync} from 'node:fs';
import type {NativeConnection} from '../native.js';

/**
 * WAL size that triggers a checkpoint; the default of SQLite. After a checkpoint, SQLite overwrites the WAL
 * from its beginning: a sync takes half as long in a file that does not grow.
 */
const DEFAULT_WAL_BYTES = 4 * 2 ** 20;

/**
 * WAL size that triggers a checkpoint if batches hold many modes. A page that changed many times is then
 * copied only once. With a million modes in random order, a batch takes a third less time than with the
 * default size. A larger WAL would block all requests longer during a checkpoint, and take longer to read
 * after a crash.
 */
const LARGE_WAL_BYTES = 32 * 2 ** 20;

/** From this number of modes per batch, writing their pages costs more than the sync. */
const MANY_MODES_THRESHOLD = 16;

/** Upper bound of the WAL size, as a share of the file system. */
const MAX_DISK_SHARE = 1 / 16;

/** Decides at what WAL size a connection runs a checkpoint. */
export class CheckpointPolicy {
  readonly #connection: NativeConnection;
  readonly #maxBytes: number;
  #isLarge = false;

  constructor(connection: NativeConnection, path: string) {
    const {bsize, blocks} = statfsSync(path);
    this.#connection = connection;
    this.#maxBytes = bsize * blocks * MAX_DISK_SHARE;
    this.#setSize(DEFAULT_WAL_BYTES);
  }

  /** Switches to the large WAL for good after the first batch with many modes. */
  adaptTo(modeCount: number): void {
    if (this.#isLarge || modeCount < MANY_MODES_THRESHOLD) return;
    this.#isLarge = true;
    this.#setSize(LARGE_WAL_BYTES);
  }

  /** The pragma counts pages; 0 means never. https://www.sqlite.org/pragma.html#pragma_wal_autocheckpoint */
  #setSize(bytes: number): void {
    const pageSize = Number(this.#connection.value('PRAGMA page_size'));
    const pages = Math.max(1, Math.floor(Math.min(bytes, this.#maxBytes) / pageSize));
    this.#connection.execute(`PRAGMA wal_autocheckpoint = ${pages}`);
  }
}
