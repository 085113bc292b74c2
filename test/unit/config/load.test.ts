import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {absolutePath} from '../../../src/lib/config/database-url.js';
import {loadConfig} from '../../../src/lib/config/load.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

/** Makes the folders of a user and of a system, with these files and maximum ranges in them. */
function makeFolders(files: Readonly<Record<string, string>>): {cwd: string; folders: string[]} {
  const cwd = makeWorkspace();
  const folders = ['home', 'system'].map((name) => join(cwd, name));
  for (const folder of folders) mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) writeFileSync(join(cwd, path), content);
  return {cwd, folders};
}

const maxRange = (value: number): string => `[uniqueid]\nmax_range = ${value}\n`;
const port = (value: number): string => `[global]\nserver.socket_port: ${value}\n`;

describe('loadConfig', () => {
  it('reads each file from the first folder that has it', () => {
    const {cwd, folders} = makeFolders({
      'home/config.ini': maxRange(1),
      'system/config.ini': maxRange(2),
      'system/cpconfig.ini': port(3),
    });
    const {settings, searches} = loadConfig({}, {}, folders);
    expect(settings).toMatchObject({maxRange: 1n, port: 3});
    const [config, cherryPy] = ['config.ini', 'cpconfig.ini'].map((name) =>
      folders.map((folder) => join(folder, name)),
    );
    expect(searches).toEqual([
      {kind: 'config file', used: join(cwd, 'home/config.ini'), searched: config?.slice(0, 1)},
      {kind: 'CherryPy file', used: join(cwd, 'system/cpconfig.ini'), searched: cherryPy},
    ]);
  });

  it('reads no other file if a flag or variable names one', () => {
    const {cwd, folders} = makeFolders({
      'own.ini': maxRange(5),
      'own.conf': '',
      'home/config.ini': maxRange(1),
      'system/cpconfig.ini': port(3),
    });
    const [own, conf] = [join(cwd, 'own.ini'), join(cwd, 'own.conf')];
    for (const config of [
      loadConfig({config: own, cpconfig: conf}, {}, folders),
      loadConfig({}, {UNIQUEID_CONFIG: own, UNIQUEID_CPCONFIG: conf}, folders),
    ]) {
      expect(config.settings).toMatchObject({maxRange: 5n, port: 8051});
      expect(config.searches).toMatchObject([{used: own}, {used: conf}]);
    }
    const missing = (): unknown => loadConfig({config: join(cwd, 'none.ini')}, {}, folders);
    expect(missing).toThrow(expect.objectContaining({code: 'CONFIG_INVALID'}));
  });

  it('names all places of the search if no file exists', () => {
    const {folders} = makeFolders({});
    const [search] = loadConfig({}, {}, folders).searches;
    const searched = folders.map((folder) => join(folder, 'config.ini'));
    expect(search).toEqual({kind: 'config file', used: undefined, searched});
  });
});

describe('absolutePath', () => {
  it.each([
    ['db.sqlite3', join(process.cwd(), 'db.sqlite3')],
    ['././db.sqlite3', join(process.cwd(), 'db.sqlite3')],
    ['../a/../db', `${process.cwd()}/../a/../db`],
    ['/link/../db', '/link/../db'],
  ])('of %s is %s', (path, expected) => {
    expect(absolutePath(path)).toBe(expected);
  });
});
