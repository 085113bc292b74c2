import {writeFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli} from '../../helpers/programs/cli.js';
import {makeMysqlDatabase} from '../../helpers/databases/mysql-database.js';
import {makePostgresDatabase} from '../../helpers/databases/postgres-database.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {need} from '../../helpers/run/needs.js';

/** Runs `getid` and returns the files that it loaded, as paths in the repository, and its peak memory. */
async function needed(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{files: string[]; kilobytes: number}> {
  const told = join(root, 'test', 'helpers', 'programs', 'tell-loaded.cjs');
  const options = {cwd, env: {...env, NODE_OPTIONS: `--require=${JSON.stringify(told)}`}};
  const {status, stderr} = await cli(['getid', ...args], options);
  expect(status, stderr).toBe(0);
  const {files, kilobytes} = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as {
    files: string[];
    kilobytes: number;
  };
  const paths = files.filter((path) => path !== told).map((path) => relative(root, path));
  return {files: paths.sort(), kilobytes};
}

const itself = ['bin/run.js', 'dist/cli/main.cjs'];
/** The files of the SQLite driver, or what they link to; version 12 finds its native part by two packages. */
const sqlite = /(?:^|\/)node_modules\/(?:better-sqlite3|bindings|file-uri-to-path)\//;

describe('getid loads only the files that it uses', () => {
  it.each([
    {args: ['--mode', 'file', '--range', '10']},
    {args: ['-m', 'file', '--config', 'other.ini']},
    {args: ['-m', 'file', '-r', '3', '--format', 'list']},
    {args: ['-m', 'file', '--json'], env: {PEEWEE_URL: 'sqlite:///db.sqlite3', UNIQUEID_FIRST_INDEX: '1'}},
  ])('on SQLite: $args', async ({args, env}) => {
    const cwd = makeWorkspace();
    writeFileSync(join(cwd, 'other.ini'), '[database]\npeewee_url: sqliteext:///db.sqlite3\n');
    await cli(['dbsync'], {cwd});
    const {files, kilobytes} = await needed(args, cwd, env);
    expect(files).toEqual(expect.arrayContaining(itself));
    const others = files.filter((file) => !itself.includes(file));
    for (const file of others) expect(file).toMatch(sqlite);
    expect(others.filter((file) => file.endsWith('.node'))).toHaveLength(1);
    expect(kilobytes).toBeLessThan(80_000);
  });

  it.each([
    ['PostgreSQL', 'postgresql', makePostgresDatabase, /(?:^|\/)node_modules\/postgres\//],
    ['MariaDB', 'mariadb', makeMysqlDatabase, /better-sqlite3|(?:^|\/)node_modules\/postgres\//],
  ] as const)('on %s', async (name, server, make, driver) => {
    need(server);
    const cwd = makeWorkspace();
    const {url} = await make();
    await cli(['dbsync'], {cwd, env: {PEEWEE_URL: url}});
    const {files, kilobytes} = await needed(['-m', 'file'], cwd, {PEEWEE_URL: url});
    expect(files).toEqual(expect.arrayContaining(itself));
    const others = files.filter((file) => !itself.includes(file));
    if (name === 'PostgreSQL') for (const file of others) expect(file).toMatch(driver);
    else for (const file of others) expect(file).not.toMatch(driver);
    expect(kilobytes).toBeLessThan(80_000);
  });
});
