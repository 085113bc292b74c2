import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {resolveConfig, type ConfigSources} from '../../../src/lib/config/resolve.js';
import {settings} from '../../../src/lib/config/settings.js';
import {parsePythonIni} from '../../../src/lib/config/python/ini.js';
import {UniqueIDError} from '../../../src/lib/core/errors.js';
import {root} from '../../helpers/folders/workspace.js';

const nothing: ConfigSources = {flags: {}, env: {}};
const service = (content: string): ConfigSources => ({...nothing, configFile: {path: 'config.ini', content}});
const server = (content: string): ConfigSources => ({
  ...nothing,
  cherryPyFile: {path: 'server.conf', content},
});
/** Returns the error that `work` throws. */
function failureOf(work: () => unknown): UniqueIDError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof UniqueIDError) return error;
    throw error;
  }
}

const fixture = (name: string): string => readFileSync(join(root, 'test', 'fixtures', name), 'utf8');

describe('resolveConfig', () => {
  it('has the documented defaults', () => {
    expect(resolveConfig(nothing).settings).toMatchObject({
      databaseUrl: {kind: 'sqlite', database: 'db.sqlite3'},
      connectAttempts: 10,
      connectWaitMs: 20_000,
      firstIndex: 0n,
      maxRange: 1_000_000_000n,
      requestTimeoutMs: 10_000,
      address: '127.0.0.1',
      port: 8051,
      logScreen: false,
      accessFile: undefined,
      errorFile: undefined,
    });
  });

  it('reads the config files of Pacifica unchanged', () => {
    expect(resolveConfig(service(fixture('service-config.ini'))).settings).toMatchObject({
      databaseUrl: {database: 'db.sqlite3'},
      connectAttempts: 10,
      connectWaitMs: 20_000,
    });
    expect(resolveConfig(service(fixture('ingest-config.ini'))).settings.databaseUrl.database).toBe(
      'uniqueiddb.sqlite3',
    );
  });

  it('reads the CherryPy file of Pacifica unchanged, and names the keys without effect', () => {
    const {settings: read, remarks} = resolveConfig(server(fixture('ingest-server.conf')));
    expect(read).toMatchObject({
      address: '0.0.0.0',
      port: 8051,
      logScreen: true,
      accessFile: 'access.log',
      errorFile: 'error.log',
      responseHeadersOn: true,
      responseHeaders: [['Content-Type', 'application/json']],
    });
    expect(remarks).toEqual([expect.stringMatching(/^server\.conf:9: .*\brequest\.dispatch\b.*\[\/\]/)]);
  });

  it('prefers a flag to the environment, the environment to the file, and the file to the default', () => {
    const content = '[global]\nserver.socket_port: 1\n';
    const file = {path: 'server.conf', content};
    const all = {flags: {port: '3'}, env: {UNIQUEID_PORT: '2'}, cherryPyFile: file};
    expect(resolveConfig(all)).toMatchObject({settings: {port: 3}, origins: {port: 'flag --port'}});
    expect(resolveConfig({...all, flags: {}})).toMatchObject({
      settings: {port: 2},
      origins: {port: 'environment UNIQUEID_PORT'},
    });
    expect(resolveConfig({...all, flags: {}, env: {}})).toMatchObject({
      settings: {port: 1},
      origins: {port: 'server.conf:2'},
    });
    expect(resolveConfig(nothing)).toMatchObject({settings: {port: 8051}, origins: {port: 'default'}});
  });

  it('reads every setting from the environment', () => {
    for (const [name, {env, default: expected}] of Object.entries(settings)) {
      if (expected === '') continue;
      const {origins} = resolveConfig({...nothing, env: {[env]: expected}});
      expect(origins).toMatchObject({[name]: `environment ${env}`});
    }
  });

  it('ignores a UNIQUEID_PORT that Kubernetes sets for a Service', () => {
    expect(resolveConfig({...nothing, env: {UNIQUEID_PORT: 'tcp://10.0.0.1:8051'}}).settings.port).toBe(8051);
  });

  it('keeps a password with ";" and "#" in it', () => {
    const {databaseUrl} = resolveConfig(
      service('[database]\npeewee_url = postgresql://u:p;a#ss@h/db\n'),
    ).settings;
    expect(databaseUrl).toMatchObject({user: 'u', password: 'p;a#ss', hosts: [{host: 'h'}], database: 'db'});
  });

  it.each([
    [
      service('[database]\n\nconnect_attempts = many'),
      ['config.ini:3:', 'connect_attempts', '[database]', '"many"'],
    ],
    [service('[database]\nconnect_wait = -1'), ['config.ini:2:', 'connect_wait', '[database]', '"-1"']],
    [
      service('[database]\npeewee_url = oracle://u:secret@h/d'),
      ['config.ini:2:', 'peewee_url', '[database]', '"oracle"'],
    ],
    [service('[uniqueid]\nmax_range = 0'), ['config.ini:2:', 'max_range', '[uniqueid]', '"0"']],
    [service('[uniqueid]\nfirst_index = 1e3'), ['config.ini:2:', 'first_index', '[uniqueid]', '"1e3"']],
    [
      server("[global]\nserver.socket_port: 'x'"),
      ['server.conf:2:', 'server.socket_port', '[global]', '"x"'],
    ],
    [server('[global]\nlog.screen: maybe'), ['server.conf:2:', 'log.screen', '[global]', '"maybe"']],
    [
      server('[/]\ntools.response_headers.headers: [(1, 2)]'),
      ['server.conf:2:', 'tools.response_headers.headers', '[/]', '"[(1, 2)]"'],
    ],
    [
      server(`[/]\ntools.response_headers.headers: [('a b', 'c')]`),
      ['server.conf:2:', 'tools.response_headers.headers', '[/]'],
    ],
    [{...nothing, flags: {port: '65536'}}, ['--port', '"65536"']],
    [{...nothing, flags: {address: 'a b'}}, ['--address', '"a b"']],
    [{...nothing, env: {UNIQUEID_REQUEST_TIMEOUT: '0'}}, ['UNIQUEID_REQUEST_TIMEOUT', '"0"']],
    [{...nothing, env: {PEEWEE_URL: 'nothing'}}, ['PEEWEE_URL']],
  ])('names the place of an invalid value, and the value (%#)', (sources, named) => {
    const error = failureOf(() => resolveConfig(sources));
    expect(error).toMatchObject({code: 'CONFIG_INVALID', hint: expect.any(String) as string});
    for (const part of named) expect(error?.message).toContain(part);
  });

  it.each([
    ['[database]\npeewe_url = x', 'config.ini:2: ', '"peewee_url"'],
    ['[uniqueid]\nmaxrange = 5', 'config.ini:2: ', '"max_range"'],
    ['[uniqueid]\nnothing_like_it = 5', 'config.ini:2: ', 'first_index, max_range'],
    ['[databse]\npeewee_url = x', 'config.ini:2: ', '[database]'],
    ['[global]\nserver.socket_port: 1', 'config.ini:2: ', '--cpconfig'],
  ])('rejects a misspelt section or key: %j', (content, place, hint) => {
    expect(() => resolveConfig(service(content))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(place) as string,
        hint: expect.stringContaining(hint) as string,
      }),
    );
  });

  it.each([
    ['[database]\npeewee_url = sqlite:///other.sqlite3', 'server.conf:2'],
    ['[global]\nserver.socket_port: 1\n[uniqueid]\nmax_range = 5', 'server.conf:4'],
    ['[database]', 'server.conf'],
  ])('rejects a section of the config file in a CherryPy file: %j', (content, place) => {
    expect(() => resolveConfig(server(content))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(`${place}: [`) as string,
        hint: expect.stringContaining('--config') as string,
      }),
    );
  });

  it.each(['[db]', '[pacifica]', '[default]'])('rejects the database in the section %s', (section) => {
    expect(() => resolveConfig(service(`${section}\npeewee_url = sqlite:////x/db.sqlite3\n`))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(section) as string,
        hint: expect.stringContaining('[database]') as string,
      }),
    );
  });

  it('ignores sections of other programs', () => {
    expect(resolveConfig(service('[celery]\nbroker = x\n')).settings.port).toBe(8051);
  });

  it('never shows a password in an error', () => {
    for (const url of [
      'oracle://u:secret@h/d',
      'postgresql://u:secret@h',
      'mysql://u:secret/@h/d',
      'sqlite://u:secret@h/d',
    ]) {
      expect(() => resolveConfig(service(`[database]\npeewee_url = ${url}`))).not.toThrow(/secret/);
    }
  });
});

describe('the example files', () => {
  const files = {config: 'docs/config.example.ini', cherrypy: 'docs/cpconfig.example.ini'};

  it.each(['config', 'cherrypy'] as const)('for %s explain every key, with its default', (kind) => {
    const path = files[kind];
    const content = readFileSync(join(root, path), 'utf8');
    const sections = parsePythonIni(content, path);
    const own = Object.values(settings).filter(({file}) => file === kind);
    for (const {section, key, default: expected} of own) {
      const value = sections.get(section)?.get(key);
      expect(value?.text.replace(/^'(.*)'$/, '$1'), `${key} in [${section}]`).toBe(expected);
      const before = content.split('\n')[(value?.line ?? 0) - 2] ?? '';
      expect(before, `a comment above ${key}`).toMatch(/^;/);
    }
    const keys = Array.from(sections.values()).flatMap((values) => Array.from(values.keys()));
    expect(keys.sort()).toEqual(own.map(({key}) => key).sort());
  });

  it('name the environment variable of every key', () => {
    const text = Object.values(files)
      .map((path) => readFileSync(join(root, path), 'utf8'))
      .join('\n');
    for (const {env} of Object.values(settings)) expect(text).toContain(env);
  });
});
