import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {cpSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {startProgram} from '../helpers/programs/cli.js';
import {entryScript, runEntry, serveByEntry, variablesOf} from '../helpers/programs/docker-entry.js';
import {failureLines} from '../helpers/programs/screens.js';
import {ask} from '../helpers/network/http.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {need, needs} from '../helpers/run/needs.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {freePort} from '../helpers/databases/private-server.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

type Variables = Readonly<Record<string, string>>;

/**
 * Returns the arguments and variables with which the entry script executes the command; a stub prints them.
 */
async function becomes(args: readonly string[], env: Variables): Promise<{args: string[]; env: Variables}> {
  const home = makeWorkspace();
  for (const folder of ['scripts', 'bin']) mkdirSync(join(home, folder));
  const script = join(home, 'scripts', 'entry.sh');
  cpSync(entryScript, script);
  const stub = 'console.log(JSON.stringify({args: process.argv.slice(2), env: process.env}))';
  writeFileSync(join(home, 'bin', 'run.js'), stub);
  const {status, stdout, stderr} = await startProgram(script, args, {cwd: home, env}).finished;
  expect({status, stderr}).toEqual({status: 0, stderr: ''});
  return JSON.parse(stdout) as {args: string[]; env: Variables};
}

describe('the entry script of the image', () => {
  it.each([
    ['all variables', {}, 'mysql://ann:s3cret@db:3307/ids'],
    ['no port', {PEEWEE_PORT: ''}, 'mysql://ann:s3cret@db/ids'],
    ['no user', {PEEWEE_USER: ''}, 'mysql://db:3307/ids'],
    ['no password', {PEEWEE_PASS: ''}, 'mysql://db:3307/ids'],
    ['another protocol', {PEEWEE_PROTO: 'postgresql'}, 'postgresql://ann:s3cret@db:3307/ids'],
    ['SQLite', {PEEWEE_PROTO: 'sqliteext', PEEWEE_DATABASE: '/data/a b.db'}, 'sqliteext:////data/a b.db'],
    ['odd letters', {PEEWEE_USER: 'a@b', PEEWEE_DATABASE: 'a/b'}, 'mysql://a%40b:s3cret@db:3307/a%2Fb'],
    ['a whole URL', {PEEWEE_DATABASE_URL: 'mysql://x:y@z/w'}, 'mysql://x:y@z/w'],
    ['our own URL', {PEEWEE_DATABASE_URL: 'mysql://x/w', PEEWEE_URL: 'mysql://o/n'}, 'mysql://o/n'],
  ])('sets PEEWEE_URL from %s', async (_, changes: Variables, url) => {
    const all = {
      PEEWEE_PROTO: 'mysql',
      PEEWEE_USER: 'ann',
      PEEWEE_PASS: 's3cret',
      PEEWEE_ADDR: 'db',
      PEEWEE_PORT: '3307',
      PEEWEE_DATABASE: 'ids',
    };
    expect((await becomes([], {...all, ...changes})).env['PEEWEE_URL']).toBe(url);
  });

  it.each([
    ['PEEWEE_PROTO', 'postgresql', 'postgresql://uniqueid:uniqueid@127.0.0.1/pacifica_uniqueid'],
    ['PEEWEE_USER', 'ann', 'mysql://ann:uniqueid@127.0.0.1/pacifica_uniqueid'],
    ['PEEWEE_PASS', 's3cret', 'mysql://uniqueid:s3cret@127.0.0.1/pacifica_uniqueid'],
    ['PEEWEE_ADDR', 'db', 'mysql://uniqueid:uniqueid@db/pacifica_uniqueid'],
    ['PEEWEE_PORT', '3307', 'mysql://uniqueid:uniqueid@127.0.0.1:3307/pacifica_uniqueid'],
    ['PEEWEE_DATABASE', 'ids', 'mysql://uniqueid:uniqueid@127.0.0.1/ids'],
  ])('has defaults for the other variables if only %s is set', async (name, value, url) => {
    expect((await becomes([], {[name]: value})).env['PEEWEE_URL']).toBe(url);
  });

  it('executes serve on all addresses and port 8051, or any other command', async () => {
    const env = {PEEWEE_URL: 'sqlite:///db.sqlite3'};
    const everyAddress = {UNIQUEID_ADDRESS: '0.0.0.0', UNIQUEID_PORT: '8051'};
    expect(await becomes([], env)).toMatchObject({args: ['serve', '--sync'], env: everyAddress});
    const inKubernetes = {...env, UNIQUEID_PORT: 'tcp://10.0.0.1:80'};
    expect(await becomes(['serve', '--port', '2'], inKubernetes)).toMatchObject({
      args: ['serve', '--sync', '--port', '2'],
      env: everyAddress,
    });
    const given = {UNIQUEID_ADDRESS: '::', UNIQUEID_PORT: '80'};
    expect(await becomes(['serve'], {...env, ...given})).toMatchObject({env: given});
    expect(await becomes(['getid', '-m', 'a mode'], env)).toMatchObject({args: ['getid', '-m', 'a mode']});
  });

  it('reads the password from a file, which is how containers get secrets', async () => {
    const file = join(makeWorkspace(), 'secret');
    writeFileSync(file, 'p@ss\n');
    const {env} = await becomes([], {PEEWEE_PASS_FILE: file, PEEWEE_ADDR: 'db'});
    expect(env['PEEWEE_URL']).toBe('mysql://uniqueid:p%40ss@db/pacifica_uniqueid');
  });

  it('fails without the name of a database, because one inside the container would be lost with it', async () => {
    const cwd = makeWorkspace();
    const {status, stderr} = await runEntry(['serve'], {}, cwd);
    expect(status).toBe(2);
    expect(stderr).toMatch(failureLines);
    for (const name of ['PEEWEE_URL', 'PEEWEE_PROTO', 'PEEWEE_DATABASE']) expect(stderr).toContain(name);
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
    writeFileSync(join(cwd, 'config.ini'), '[database]\npeewee_url = sqlite:///named.sqlite3\n');
    const configured = await runEntry(['dbsync'], {UNIQUEID_CONFIG: 'config.ini'}, cwd);
    expect(configured).toMatchObject({status: 0});
    expect(existsSync(join(cwd, 'named.sqlite3'))).toBe(true);
  });
});

describe('the entry script with an SQLite file', () => {
  it('creates it once, serves it and passes SIGTERM on', async () => {
    const cwd = makeWorkspace();
    const env = {PEEWEE_PROTO: 'sqliteext', PEEWEE_DATABASE: join(cwd, 'kept.sqlite3')};
    for (const first of [0, 10]) {
      const server = await serveByEntry(env, cwd);
      const {body} = await ask(server.url, '/getid?range=10&mode=file');
      expect(body).toBe(`{"endIndex": ${first + 9}, "startIndex": ${first}}`);
      server.process.kill('SIGTERM');
      expect(await server.finished).toMatchObject({status: 0, signal: null});
    }
    const {stdout} = await runEntry(['getid', '-m', 'file', '--format', 'plain'], env, cwd);
    expect(stdout).toBe('20 20\n');
  });
});

needs('postgresql').describe('the entry script with PostgreSQL', () => {
  it('creates the tables, serves them and passes SIGTERM on', async () => {
    const database = await makePostgresDatabase();
    const server = await serveByEntry(variablesOf(database.url), makeWorkspace());
    expect((await ask(server.url, '/getid?range=10&mode=file')).status).toBe(200);
    server.process.kill('SIGTERM');
    expect(await server.finished).toMatchObject({status: 0, signal: null});
    expect(await database.query('SELECT id, index FROM uniqueindex')).toEqual([['file', '10']]);
  });
});

needs('mariadb').describe('the entry script with MariaDB', () => {
  it.each([
    ['the delimiters of a URL', 'p@s/s:w?r#d%41+&=;[!]'],
    ['the special characters of a shell', `"'\\$(exit 3)\`exit 4\` *~|>x`],
    ['letters of other scripts', 'пароль 密码 é'],
  ])(
    'accepts a password of %s, creates the tables, serves them and passes SIGTERM on',
    async (_, password) => {
      const database = await makeMysqlDatabase();
      const user = `odd_${randomBytes(6).toString('hex')}`;
      const literal = password.replaceAll(/['\\]/g, '\\$&');
      await database.execute(`CREATE USER ${user}@'%' IDENTIFIED BY '${literal}'`);
      onTestFinished(() => database.execute(`DROP USER ${user}@'%'`));
      await database.execute(`GRANT ALL ON *.* TO ${user}@'%'`);
      const env = {...variablesOf(database.url), PEEWEE_USER: user, PEEWEE_PASS: password};
      const server = await serveByEntry(env, makeWorkspace());
      expect((await ask(server.url, '/getid?range=10&mode=file')).status).toBe(200);
      server.process.kill('SIGTERM');
      expect(await server.finished).toMatchObject({status: 0, signal: null});
      expect(await database.query('SELECT * FROM uniqueindex')).toEqual([['file', '10']]);
    },
  );

  it('keeps its password out of the list of processes', async () => {
    const cwd = makeWorkspace();
    const env = variablesOf((await makeMysqlDatabase()).url);
    const trace = join(cwd, 'trace');
    const traced = ['-f', '-s', '4096', '-e', 'trace=execve', '-o', trace, entryScript, 'dbsync'];
    need('strace', 'ps');
    expect(await startProgram('strace', traced, {cwd, env}).finished).toMatchObject({status: 0});
    const commands = readFileSync(trace, 'utf8');
    expect(commands).toContain('"PEEWEE_PASS"');
    expect(commands).toContain('"dbsync"');
    const server = await serveByEntry(env, cwd);
    const processes = execFileSync('ps', ['-eo', 'pid,args'], {encoding: 'utf8'});
    expect(processes).toContain(`${server.process.pid} `);
    // Only the line of this service counts: other tests of the same run have the same password.
    const mine = processes.split('\n').filter((line) => line.trim().startsWith(`${server.process.pid} `));
    const secret = env['PEEWEE_PASS'] ?? '';
    for (const form of [secret, encodeURIComponent(secret)])
      for (const seen of [commands, mine.join('\n'), server.stderr()]) expect(seen).not.toContain(form);
  });

  it('waits for a database that is not available yet', async () => {
    const {url} = await makeMysqlDatabase();
    const soon = {DATABASE_CONNECT_ATTEMPTS: '2', DATABASE_CONNECT_WAIT: '0.1'};
    const unreachable = {...variablesOf(url), ...soon, PEEWEE_PORT: String(await freePort())};
    const {status, stderr} = await runEntry(['serve'], unreachable);
    // The record of one wait, then that of the error.
    const [announcement, ...failure] = stderr.trimEnd().split('\n');
    expect(announcement).toMatch(/\b1\b\D+\b2\b\D+\b0\.1 s\b/);
    expect(failure).toHaveLength(1);
    expect(status).toBe(4);
  });
});
