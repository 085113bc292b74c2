import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {databaseName, parseDatabaseUrl, redactDatabaseUrl} from '../../../src/lib/config/database-url.js';

describe('parseDatabaseUrl', () => {
  it.each([
    ['sqliteext:///db.sqlite3', 'db.sqlite3'],
    ['sqlite:////abs/path/db.sqlite3', '/abs/path/db.sqlite3'],
    ['apsw:///folder/db#1.sqlite3', 'folder/db#1.sqlite3'],
    ['SQLite+pool:///db.sqlite3?max_connections=4', 'db.sqlite3'],
    ['sqlite:///C:/data/db.sqlite3', 'C:/data/db.sqlite3'],
  ])('reads %s', (text, database) => {
    expect(parseDatabaseUrl(text)).toMatchObject({kind: 'sqlite', database, hosts: []});
  });

  it.each(['postgresql', 'postgres', 'postgresqlext', 'psycopg3', 'cockroachdb', 'mysql', 'mariadb'])(
    'reads %s:// and its +pool',
    (scheme) => {
      for (const each of [scheme, `${scheme}+pool`]) {
        expect(
          parseDatabaseUrl(`${each}://user:secret@db.example:1234/unique?sslmode=require`),
        ).toMatchObject({
          kind: scheme === 'mysql' || scheme === 'mariadb' ? 'mysql' : 'postgresql',
          scheme,
          user: 'user',
          password: 'secret',
          hosts: [{host: 'db.example', port: 1234}],
          database: 'unique',
          options: {sslmode: 'require', maxConnections: 4, prepare: true},
        });
      }
    },
  );

  it('keeps a password that looks like the rest of a URL', () => {
    for (const password of ['p;a#ss', 'p:a@s?s', 'p%ss', '#', '@@', '?x=1']) {
      expect(parseDatabaseUrl(`postgresql://u:${password}@h/db`), password).toMatchObject({
        user: 'u',
        password,
        database: 'db',
      });
    }
    expect(parseDatabaseUrl('mysql://u%40x:p%2Fa%40s%25@h/db')).toMatchObject({
      user: 'u@x',
      password: 'p/a@s%',
    });
  });

  it('keeps any percent-encoded password', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary', minLength: 1}), (password) => {
        fc.pre(password.isWellFormed());
        expect(parseDatabaseUrl(`mysql://u:${encodeURIComponent(password)}@h/db`).password).toBe(password);
      }),
    );
  });

  it('reads several hosts, and IPv6', () => {
    expect(parseDatabaseUrl('postgresql://u@a,b:5433,[::1]:5434/db').hosts).toEqual([
      {host: 'a', port: undefined},
      {host: 'b', port: 5433},
      {host: '::1', port: 5434},
    ]);
  });

  it.each([
    ['db.sqlite3', ''],
    ['oracle://h/db', '"oracle"'],
    ['sqlite+async:///db', '"sqlite+async"'],
    ['sqlite://db.sqlite3', ''],
    ['sqlite:///', ''],
    ['sqlite:///:memory:', ''],
    ['sqlite:///db?cache=shared', '"cache"'],
    ['postgresql://h/d?sslmode=maybe', '"maybe"'],
    ['mysql://h/d?prepare=false', '"prepare"'],
    ['postgresql://h/d?constructor=1', '"constructor"'],
    ['postgresql://u:p@h', ''],
    ['postgresql://u:secret/x@h/db', ''],
    ['postgresql://u:12/secret@h/db', ''],
    ['postgresql://u:12?secret/x@h/db', ''],
    ['mysql://a@b:12/secret@h/db', ''],
    ['mysql://u:p@a,b/db', ''],
    ['mysql://u:p@h:99999/db', ''],
  ])('rejects %s', (text, named) => {
    expect(() => parseDatabaseUrl(text)).toThrow(
      expect.objectContaining({code: 'CONFIG_INVALID', message: expect.stringContaining(named) as string}),
    );
    expect(() => parseDatabaseUrl(text)).not.toThrow(/secret/);
  });
});

it('redactDatabaseUrl hides the password of a URL', () => {
  expect(redactDatabaseUrl(parseDatabaseUrl('postgresql://u:secret@h:1,i/db?prepare=no'))).toBe(
    'postgresql://u:***@h:1,i/db',
  );
  expect(redactDatabaseUrl(parseDatabaseUrl('mysql://h/db'))).toBe('mysql://h/db');
  expect(redactDatabaseUrl(parseDatabaseUrl('sqlite:////srv/db.sqlite3'))).toBe('/srv/db.sqlite3');
});

it('databaseName returns the file name or the name on the server', () => {
  expect(databaseName(parseDatabaseUrl('sqlite:////srv/db.sqlite3'))).toBe('db.sqlite3');
  expect(databaseName(parseDatabaseUrl('mysql://h/unique'))).toBe('unique');
});
