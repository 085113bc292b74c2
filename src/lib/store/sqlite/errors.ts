import Database from 'better-sqlite3';
import {UniqueIDError} from '../../core/errors.js';
import {rowRejected, schemaMissing} from '../schema/verdict.js';

/** Whether SQLite found no space to write to. A file size limit is an error of writing, not of space. */
export function isFull(thrown: unknown): boolean {
  return (
    thrown instanceof Database.SqliteError &&
    (thrown.code === 'SQLITE_FULL' || thrown.code === 'SQLITE_IOERR_WRITE')
  );
}

/**
 * An error of SQLite as one of ours. The codes are those of https://www.sqlite.org/rescode.html; extended
 * ones begin with the primary one, so the longest match is looked for first.
 */
export function fromSqliteError(thrown: unknown, location: string): Error {
  if (!(thrown instanceof Database.SqliteError))
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  const {code} = thrown;
  const details = {cause: thrown};
  if (code === 'SQLITE_BUSY' || code.startsWith('SQLITE_BUSY_') || code === 'SQLITE_LOCKED') {
    return new UniqueIDError('DATABASE_BUSY', `The database ${location} is locked by another process.`, {
      ...details,
      transient: true,
      hint: 'Wait for the other process, or end it: "fuser" or "lsof" with the file names it.',
    });
  }
  if (isFull(thrown)) {
    return new UniqueIDError(
      'DATABASE_FULL',
      `The database ${location} cannot grow: the disk or a quota is full.`,
      {
        ...details,
        hint: 'Free some space; no counter was changed.',
      },
    );
  }
  if (code.startsWith('SQLITE_READONLY') || code === 'SQLITE_PERM') {
    return new UniqueIDError('DATABASE_READ_ONLY', `The database ${location} cannot be written.`, {
      ...details,
      hint: 'Let the user that runs UniqueID write the file and the folder that holds it (SQLite keeps a -wal and a -shm file there).',
    });
  }
  if (code === 'SQLITE_NOTADB') {
    return new UniqueIDError('DATABASE_DAMAGED', `The file ${location} is not an SQLite database.`, {
      ...details,
      hint: 'Check the path in peewee_url; the file was not touched.',
    });
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new UniqueIDError('DATABASE_DAMAGED', `The database ${location} is damaged: ${thrown.message}.`, {
      ...details,
      hint: 'Restore it from a backup, then move each counter past the last integer in use with "uniqueid reset --to".',
    });
  }
  if (code.startsWith('SQLITE_CANTOPEN')) {
    return new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${location} cannot be opened.`, {
      ...details,
      hint: 'Check that the folder exists and that the user that runs UniqueID may read and write it and the file.',
    });
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return new UniqueIDError(
      'DATABASE_UNAVAILABLE',
      `The disk failed under the database ${location} (${code}).`,
      {
        ...details,
        hint: 'Check the disk and the file system; nothing that was answered is lost.',
      },
    );
  }
  if (code.startsWith('SQLITE_CONSTRAINT')) return rowRejected(location, thrown);
  if (code === 'SQLITE_ERROR' && thrown.message.startsWith('no such table: uniqueindex')) {
    return schemaMissing(location, thrown);
  }
  return thrown;
}
