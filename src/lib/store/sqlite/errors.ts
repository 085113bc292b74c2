import Database from 'better-sqlite3';
import {UniqueIDError} from '../../core/errors.js';
import {rowRejected, schemaMissing} from '../schema/verdict.js';

type ErrorMaker = (location: string, cause: SqliteError) => Error;
type SqliteError = InstanceType<typeof Database.SqliteError>;

/** Codes for a lack of space. SQLite reports a file size limit as a write error, not as a full disk. */
const fullCodes = ['SQLITE_FULL', 'SQLITE_IOERR_WRITE'];

/** Returns true if SQLite ran out of space. */
export function isFull(thrown: unknown): boolean {
  return thrown instanceof Database.SqliteError && fullCodes.includes(thrown.code);
}

const busy: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_BUSY', `The database ${location} is locked by another process.`, {
    cause,
    hint: 'Wait for the other process, or end it; "fuser FILE" or "lsof FILE" shows its process ID.',
  });

const full: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_FULL', `The database ${location} cannot grow: the disk or a quota is full.`, {
    cause,
    hint: 'Free some space; no counter was changed.',
  });

const readOnly: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_READ_ONLY', `The database ${location} cannot be written.`, {
    cause,
    hint:
      'Allow the user that runs UniqueID to write the file and its folder ' +
      '(SQLite keeps a -wal and a -shm file there).',
  });

const noDatabase: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_DAMAGED', `The file ${location} is not an SQLite database.`, {
    cause,
    hint: 'Check the path in peewee_url; the file was not changed.',
  });

const damaged: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_DAMAGED', `The database ${location} is damaged: ${cause.message}.`, {
    cause,
    hint:
      'Restore it from a backup, ' +
      'then move each counter past the last integer in use with "uniqueid reset --at-least N".',
  });

const notOpened: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${location} cannot be opened.`, {
    cause,
    hint:
      'Check that the folder exists. ' +
      'Allow the user that runs UniqueID to read and write the folder and the file.',
  });

const diskFailed: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_UNAVAILABLE', `The disk of the database ${location} failed (${cause.code}).`, {
    cause,
    hint: 'Check the disk and the file system; no issued integer is lost.',
  });

/**
 * SQLite has one code for all statements that it cannot prepare. Only the text identifies a missing table.
 */
const notPrepared: ErrorMaker = (location, cause) =>
  cause.message.startsWith('no such table: uniqueindex') ? schemaMissing(location, cause) : cause;

/** Makers by code, or by the primary code that begins an extended one: https://www.sqlite.org/rescode.html */
const makers: ReadonlyMap<string, ErrorMaker> = new Map([
  ...fullCodes.map((code) => [code, full] as const),
  ['SQLITE_BUSY', busy],
  ['SQLITE_LOCKED', busy],
  ['SQLITE_READONLY', readOnly],
  ['SQLITE_PERM', readOnly],
  ['SQLITE_NOTADB', noDatabase],
  ['SQLITE_CORRUPT', damaged],
  ['SQLITE_CANTOPEN', notOpened],
  ['SQLITE_IOERR', diskFailed],
  ['SQLITE_CONSTRAINT', rowRejected],
  ['SQLITE_ERROR', notPrepared],
]);

/** Converts an error of SQLite with a known code to a `UniqueIDError`. Returns any other error unchanged. */
export function fromSqliteError(thrown: unknown, location: string): Error {
  if (!(thrown instanceof Database.SqliteError))
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  const primary = thrown.code.split('_', 2).join('_');
  const maker = makers.get(thrown.code) ?? makers.get(primary);
  return maker?.(location, thrown) ?? thrown;
}
