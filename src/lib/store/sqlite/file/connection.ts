import {existsSync, statSync, type Stats} from 'node:fs';
import {dirname} from 'node:path';
import {UniqueIDError} from '../../../core/errors.js';
import {currentVersion, type SchemaState} from '../../schema/version.js';
import type {OpenOptions} from '../../store.js';
import {fromSqliteError} from '../errors.js';
import {CheckpointPolicy} from './checkpoint-policy.js';
import {assertNotMountedAlone} from './mounts.js';
import {NativeConnection} from '../native.js';
import {readSchema} from '../schema.js';

/** Time limit for locks while opening: the switch to WAL needs exclusive access. */
const OPEN_TIMEOUT_MS = 1000;

/**
 * Time limit of a statement for the commit of another process. The wait blocks this process, so it is short.
 * Callers can retry, because `DATABASE_BUSY` is transient.
 */
const BUSY_TIMEOUT_MS = 100;

/** Room for the pages of a million modes, allocated only as needed. */
const CACHE_KIBIBYTES = 65_536;

/** An open file, and the policy for its WAL size. */
export interface OpenFile {
  readonly connection: NativeConnection;
  readonly checkpointPolicy: CheckpointPolicy;
}

/**
 * Opens an SQLite file so that a commit is on stable storage when it returns.
 *
 * @throws UniqueIDError `DATABASE_MISSING` if the file does not exist and `create` is not set; `DATABASE_*`
 *   if it cannot be used
 */
export function openConnection(path: string, options: OpenOptions): OpenFile {
  assertUsablePath(path, options.create ?? false);
  let connection: NativeConnection | undefined;
  try {
    connection = new NativeConnection(path, {
      fileMustExist: !(options.create ?? false),
      readonly: options.readOnly ?? false,
      timeout: OPEN_TIMEOUT_MS,
    });
    // SQLite reads the file at the first statement, not on opening: the error "not a database" appears here.
    if (options.readOnly !== true && mayChange(readSchema(connection), options)) useWriteAheadLog(connection);
    syncEachCommit(connection);
    connection.execute(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    connection.execute(`PRAGMA cache_size = -${CACHE_KIBIBYTES}`);
    return {connection, checkpointPolicy: new CheckpointPolicy(connection, path)};
  } catch (error) {
    connection?.close();
    throw fromSqliteError(error, path);
  }
}

/** Leaves files of other programs, of newer versions and damaged files unchanged to the last byte. */
function mayChange(state: SchemaState, {create = false}: OpenOptions): boolean {
  switch (state.kind) {
    case 'absent':
      return create;
    case 'versioned':
      return state.version.major <= currentVersion.major;
    case 'damaged':
    case 'unsuitable':
      return false;
  }
}

/** WAL mode is stored in the file. A Python service can also read and write such a file. */
function useWriteAheadLog(connection: NativeConnection): void {
  if (connection.value('PRAGMA journal_mode') !== 'wal') connection.execute('PRAGMA journal_mode = WAL');
}

/**
 * With WAL and FULL each commit is synced before it returns
 * (https://www.sqlite.org/pragma.html#pragma_synchronous). On a file system without support for WAL, the
 * rollback journal needs EXTRA for the same guarantee.
 */
function syncEachCommit(connection: NativeConnection): void {
  const journal = connection.value('PRAGMA journal_mode');
  connection.execute(`PRAGMA synchronous = ${journal === 'wal' ? 'FULL' : 'EXTRA'}`);
  // On macOS, fsync leaves data in the cache of the drive without these; elsewhere they have no effect.
  connection.execute('PRAGMA fullfsync = ON');
  connection.execute('PRAGMA checkpoint_fullfsync = ON');
}

function assertUsablePath(path: string, create: boolean): void {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, {throwIfNoEntry: false});
  } catch (error) {
    throw new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${path} cannot be accessed.`, {
      cause: error,
      hint: 'Check the path in peewee_url and the permissions of its folders.',
    });
  }
  if (stats?.isFile() === false) {
    // SQLite would wait forever for a pipe.
    const kind = stats.isDirectory() ? 'a folder' : 'not a regular file';
    throw new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${path} is ${kind}.`, {
      hint: 'Name a file in peewee_url, such as sqliteext:///db.sqlite3.',
    });
  }
  if (stats !== undefined) {
    assertNotMountedAlone(path);
    return;
  }
  if (!create) {
    throw new UniqueIDError('DATABASE_MISSING', `There is no database ${path}.`, {
      hint: 'Run "uniqueid dbsync" to create it, or correct peewee_url.',
    });
  }
  const folder = dirname(path);
  if (!existsSync(folder)) {
    throw new UniqueIDError(
      'DATABASE_UNAVAILABLE',
      `The database ${path} cannot be created: the folder ${folder} does not exist.`,
      {
        hint: 'Create the folder, or correct peewee_url.',
      },
    );
  }
}
