import Database from 'better-sqlite3';
import {UniqueIDError} from '../../core/errors.js';
import {rowRejected, schemaMissing} from '../schema/verdict.js';

type ErrorMaker = (location: string, cause: SqliteError) => Error;
type SqliteError = InstanceType<typeof Database.SqliteError>;

/** No space to write to. A file size limit is an error of writing, not of space. */
const fullCodes = ['SQLITE_FULL', 'SQLITE_IOERR_WRITE'];

/** Whether SQLite found no space to write to. */
export function isFull(thrown: unknown): boolean {
  return thrown instanceof Database.SqliteError && fullCodes.includes(thrown.code);
}

const busy: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_BUSY', `The database ${location} is locked by another process.`, {
    cause,
    hint: 'Wait for the other process, or end it: "fuser" or "lsof" with the file names it.',
  });

const full: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_FULL', `The database ${location} cannot grow: the disk or a quota is full.`, {
    cause,
    hint: 'Free some space; no counter was changed.',
  });

const readOnly: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_READ_ONLY', `The database ${location} cannot be written.`, {
    cause,
    hint: 'Let the user that runs UniqueID write the file and the folder that holds it (SQLite keeps a -wal and a -shm file there).',
  });

const noDatabase: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_DAMAGED', `The file ${location} is not an SQLite database.`, {
    cause,
    hint: 'Check the path in peewee_url; the file was not touched.',
  });

const damaged: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_DAMAGED', `The database ${location} is damaged: ${cause.message}.`, {
    cause,
    hint: 'Restore it from a backup, then move each counter past the last integer in use with "uniqueid reset --to".',
  });

const notOpened: ErrorMaker = (location, cause) =>
  new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${location} cannot be opened.`, {
    cause,
    hint: 'Check that the folder exists and that the user that runs UniqueID may read and write it and the file.',
  });

const diskFailed: ErrorMaker = (location, cause) =>
  new UniqueIDError(
    'DATABASE_UNAVAILABLE',
    `The disk failed under the database ${location} (${cause.code}).`,
    {
      cause,
      hint: 'Check the disk and the file system; nothing that was answered is lost.',
    },
  );

/** SQLite has one code for every statement that it cannot prepare: only the text tells that a table is missing. */
const notPrepared: ErrorMaker = (location, cause) =>
  cause.message.startsWith('no such table: uniqueindex') ? schemaMissing(location, cause) : cause;

/** By code, or by the primary code with which an extended one begins: https://www.sqlite.org/rescode.html */
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

/** Turns an error of SQLite into one of ours. */
export function fromSqliteError(thrown: unknown, location: string): Error {
  if (!(thrown instanceof Database.SqliteError))
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  const primary = thrown.code.split('_', 2).join('_');
  const maker = makers.get(thrown.code) ?? makers.get(primary);
  return maker?.(location, thrown) ?? thrown;
}
