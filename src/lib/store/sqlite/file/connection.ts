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

/** How long opening waits for a lock, in milliseconds: the change to WAL needs the file for itself. */
const OPEN_WAIT_MS = 1000;

/**
 * How long a statement waits for another process's commit, in milliseconds. The wait blocks this process,
 * so it is short; whoever called waits on by asking again (`DATABASE_BUSY` is transient).
 */
const BUSY_WAIT_MS = 100;

/** Room for the pages of a million modes; none of it is taken before it is needed. */
const CACHE_KIBIBYTES = 65_536;

/** An open file, and what keeps its log at a good size. */
export interface OpenFile {
  readonly connection: NativeConnection;
  readonly checkpointPolicy: CheckpointPolicy;
}

/**
 * Opens an SQLite file so that a commit is on stable storage when it returns.
 *
 * @throws UniqueIDError `DATABASE_MISSING` where there is no file and `create` was not asked for;
 *   `DATABASE_*` where it cannot be used
 */
export function openConnection(path: string, options: OpenOptions): OpenFile {
  assertUsablePath(path, options.create ?? false);
  let connection: NativeConnection | undefined;
  try {
    connection = new NativeConnection(path, {
      fileMustExist: !(options.create ?? false),
      readonly: options.readOnly ?? false,
      timeout: OPEN_WAIT_MS,
    });
    // SQLite reads the file at the first statement, not when it is opened: here "not a database" shows.
    if (options.readOnly !== true && mayChange(readSchema(connection), options)) useWriteAheadLog(connection);
    syncEachCommit(connection);
    connection.execute(`PRAGMA busy_timeout = ${BUSY_WAIT_MS}`);
    connection.execute(`PRAGMA cache_size = -${CACHE_KIBIBYTES}`);
    return {connection, checkpointPolicy: new CheckpointPolicy(connection, path)};
  } catch (error) {
    connection?.close();
    throw fromSqliteError(error, path);
  }
}

/** Somebody else's file, one of a newer program or a damaged one is left as it is, to the last byte. */
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

/** WAL is a property of the file, and stays in it; a Python service reads and writes such a file as well. */
function useWriteAheadLog(connection: NativeConnection): void {
  if (connection.value('PRAGMA journal_mode') !== 'wal') connection.execute('PRAGMA journal_mode = WAL');
}

/**
 * With WAL and FULL each commit is synced before it returns (https://www.sqlite.org/pragma.html#pragma_synchronous).
 * Where the file system cannot do WAL, the rollback journal needs EXTRA to promise the same.
 */
function syncEachCommit(connection: NativeConnection): void {
  const journal = connection.value('PRAGMA journal_mode');
  connection.execute(`PRAGMA synchronous = ${journal === 'wal' ? 'FULL' : 'EXTRA'}`);
  // On macOS fsync leaves the data in the drive's cache unless told otherwise; elsewhere this does nothing.
  connection.execute('PRAGMA fullfsync = ON');
  connection.execute('PRAGMA checkpoint_fullfsync = ON');
}

function assertUsablePath(path: string, create: boolean): void {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, {throwIfNoEntry: false});
  } catch (error) {
    throw new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${path} cannot be looked at.`, {
      cause: error,
      hint: 'Check the path in peewee_url and who may enter its folders.',
    });
  }
  if (stats?.isFile() === false) {
    // SQLite would wait for a pipe forever.
    const what = stats.isDirectory() ? 'a folder' : 'not a regular file';
    throw new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${path} is ${what}.`, {
      hint: 'Name a file in peewee_url, such as sqliteext:///db.sqlite3.',
    });
  }
  if (stats !== undefined) {
    assertNotMountedAlone(path);
    return;
  }
  if (!create) {
    throw new UniqueIDError('DATABASE_MISSING', `There is no database ${path}.`, {
      hint: 'Run "uniqueid dbsync" to create it, or check the working folder and peewee_url.',
    });
  }
  const folder = dirname(path);
  if (!existsSync(folder)) {
    throw new UniqueIDError(
      'DATABASE_UNAVAILABLE',
      `There is no folder ${folder} to create the database in.`,
      {
        hint: 'Create the folder, or correct peewee_url.',
      },
    );
  }
}
