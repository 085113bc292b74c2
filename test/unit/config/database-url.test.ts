import {isIPv6} from 'node:net';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {formatHost, parseDatabaseUrl, redactDatabaseUrl} from '../../../src/lib/config/database-url.js';

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

  it('reads any list of hosts, and its redacted form names the same hosts', () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/);
    const host = fc.record({
      host: fc.oneof(name, fc.ipV4(), fc.ipV6()),
      port: fc.option(fc.integer({min: 1, max: 65_535}), {nil: undefined}),
    });
    fc.assert(
      fc.property(
        fc.constantFrom('mysql', 'mariadb', 'postgresql'),
        fc.array(host, {minLength: 1, maxLength: 5}),
        fc.string({unit: 'binary', minLength: 1}).filter((text) => text.isWellFormed()),
        (scheme, hosts, password) => {
          const list = hosts.map(formatHost).join(',');
          const url = parseDatabaseUrl(`${scheme}://u:${encodeURIComponent(password)}@${list}/db`);
          expect(url.hosts).toEqual(hosts);
          expect(url.password).toBe(password);
          expect(url.options.connectTimeoutMs).toBe(hosts.length > 1 ? 2000 : 5000);
          const redacted = redactDatabaseUrl(url);
          expect(redacted).toBe(`${scheme}://u:***@${list}/db`);
          expect(parseDatabaseUrl(redacted).hosts).toEqual(hosts);
        },
      ),
    );
  });

  it('accepts in brackets exactly what net.isIPv6 does', () => {
    const nearly = fc.string({unit: fc.constantFrom('0', 'a', 'f', ':', ':', ':', '.', '1', '%', '[', ' ')});
    const zone = fc.tuple(fc.ipV6(), fc.constantFrom('', '%', '%eth0', '%a.b-c:1', '%25', '%é', '%a%b'));
    const address = fc.oneof(
      nearly,
      zone.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(address, (text) => {
        let hosts: readonly string[] = [];
        try {
          hosts = parseDatabaseUrl(`mysql://[${text}]/db`).hosts.map(({host}) => host);
        } catch {
          // Rejected.
        }
        expect(hosts).toEqual(isIPv6(text) ? [text] : []);
      }),
      {numRuns: 2000},
    );
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
    ['mysql://u:secret@a,,b/db', ''],
    ['postgresql://u:secret@a,/db', ''],
    ['mysql://u:secret@[localhost]/db', ''],
    ['mysql://u:secret@::1/db', ''],
    ['mysql://u:secret@a,b:0/db', ''],
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
