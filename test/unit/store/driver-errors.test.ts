import Database from 'better-sqlite3';
import postgres from 'postgres';
import {describe, expect, it} from 'vitest';
import {UniqueIDError} from '../../../src/lib/core/errors.js';
import {fromMysqlError} from '../../../src/lib/store/mysql/errors.js';
import {fromPostgresError} from '../../../src/lib/store/postgres/errors.js';
import {fromSqliteError} from '../../../src/lib/store/sqlite/errors.js';

const destination = {location: 'here', user: 'me', database: 'ids'};

function postgresError(fields: object): postgres.PostgresError {
  return Object.assign(Object.create(postgres.PostgresError.prototype) as postgres.PostgresError, fields);
}

function codeOf(error: Error): string {
  return error instanceof UniqueIDError ? error.code : 'none';
}

describe('an error of PostgreSQL', () => {
  it.each([
    ['42P01', 'SCHEMA_MISSING'],
    ['40001', 'DATABASE_BUSY'],
    ['57P03', 'DATABASE_UNAVAILABLE'],
    ['08006', 'DATABASE_UNAVAILABLE'],
    ['53100', 'DATABASE_FULL'],
    ['53200', 'DATABASE_UNAVAILABLE'],
    ['XX001', 'DATABASE_UNAVAILABLE'],
    ['42601', 'none'],
  ])('with the code %s becomes %s', (code, expected) => {
    expect(codeOf(fromPostgresError(postgresError({code, message: ''}), destination))).toBe(expected);
  });

  it('about TLS is recognized by its routine, whatever the language of its message', () => {
    const messageOf = (routine: string | undefined, message: string): string =>
      fromPostgresError(postgresError({code: '28000', routine, message}), destination).message;
    const aboutTls = messageOf(undefined, 'SSL connection is required.');
    const aboutUser = messageOf('InitializeSessionUserId', 'role "me" does not exist');
    expect(messageOf('ClientAuthentication', 'kein pg_hba.conf-Eintrag für Host »10.0.0.1«')).toBe(aboutTls);
    expect(messageOf('InitializeSessionUserId', 'Rolle »SSL« existiert nicht')).toBe(aboutUser);
    expect(aboutTls).not.toBe(aboutUser);
  });
});

describe('an error of MySQL or MariaDB', () => {
  it.each([
    [{errno: 1146}, 'SCHEMA_MISSING'],
    [{errno: 1213}, 'DATABASE_BUSY'],
    [{errno: 1114}, 'DATABASE_FULL'],
    // Of a temporary table, on a full disk: EE_WRITE of the server's library of files.
    [{errno: 3, code: 'EE_WRITE'}, 'DATABASE_FULL'],
    [{errno: 1030}, 'DATABASE_UNAVAILABLE'],
    [{errno: 1290}, 'DATABASE_READ_ONLY'],
    [{errno: 1366}, 'INVALID_MODE'],
    [{errno: 1064}, 'none'],
    [{code: 'PROTOCOL_CONNECTION_LOST', errno: 1146}, 'DATABASE_UNAVAILABLE'],
    [{message: 'Pool is closed.'}, 'DATABASE_UNAVAILABLE'],
  ])('with %o becomes %s', (fields, expected) => {
    expect(codeOf(fromMysqlError(Object.assign(new Error(''), fields), destination))).toBe(expected);
  });
});

describe('an error of SQLite', () => {
  it.each([
    ['SQLITE_BUSY', 'DATABASE_BUSY'],
    ['SQLITE_BUSY_SNAPSHOT', 'DATABASE_BUSY'],
    ['SQLITE_IOERR_WRITE', 'DATABASE_FULL'],
    ['SQLITE_IOERR_FSYNC', 'DATABASE_UNAVAILABLE'],
    ['SQLITE_READONLY_DBMOVED', 'DATABASE_READ_ONLY'],
    ['SQLITE_CORRUPT_INDEX', 'DATABASE_DAMAGED'],
    ['SQLITE_CONSTRAINT_PRIMARYKEY', 'MODE_NOT_ALLOWED'],
    ['SQLITE_MISUSE', 'none'],
  ])('with the code %s becomes %s', (code, expected) => {
    expect(codeOf(fromSqliteError(new Database.SqliteError('', code), 'here'))).toBe(expected);
  });
});
