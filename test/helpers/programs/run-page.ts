import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect} from 'vitest';
import {makeMysqlDatabase} from '../databases/mysql-database.js';
import type {Need} from '../run/needs.js';
import {consoleBlock, stepsOf, type Example} from './page.js';
import {makePostgresDatabase} from '../databases/postgres-database.js';
import {freePort} from '../databases/private-server.js';
import {openShell, type Shell} from './shell.js';
import {makeWorkspace, root} from '../folders/workspace.js';

/** The name of a thing on a page, and its value in a test. */
interface Placeholder {
  readonly shown: string;
  readonly real: string;
}

/** The programs that commands of pages may call. */
const programs = ['curl', 'sqlite3', 'openssl', 'python3', 'logrotate'] as const;

/** Returns the programs and database servers that the commands of a page need. */
export function needsOf(page: string): readonly Need[] {
  const commands = stepsOf(page)
    .flatMap((step) =>
      step.kind === 'console'
        ? step.examples.map(({command}) => command)
        : step.kind === 'prepare'
          ? step.commands
          : [],
    )
    .join('\n');
  return [
    ...programs.filter((name) => new RegExp(`\\b${name}\\b`).test(commands)),
    ...(page.includes('pg.example') ? (['postgresql'] as const) : []),
    ...(page.includes('maria.example') ? (['mariadb'] as const) : []),
  ];
}

/**
 * Runs all commands of a page.
 *
 * @returns the page with the real output in place of the shown output
 */
export async function runPage(page: string): Promise<string> {
  const placeholders = await placeholdersOf(page);
  const real = (text: string): string =>
    placeholders.reduce((now, each) => now.replaceAll(each.shown, each.real), text);
  let fresh = page;
  let place = openPlace(placeholders);
  const shown = (text: string): string =>
    steady(
      [...placeholders, {shown: '/srv/uniqueid', real: place.folder}].reduceRight(
        (now, each) => now.replaceAll(each.real, each.shown),
        text,
      ),
    );
  for (const step of stepsOf(page)) {
    if (step.kind === 'file') writeFileSync(join(place.folder, step.name), real(step.text), {mode: 0o600});
    else if (step.kind === 'prepare') {
      if (step.fresh) {
        await place.shell.close();
        place = openPlace(placeholders);
      }
      for (const command of step.commands) {
        const {output, status} = await runCommand(place.shell, real(command));
        expect(status, `${command}\n${output}`).toBe(0);
      }
    } else {
      const examples: Example[] = [];
      for (const {command} of step.examples) {
        const {output} = await runCommand(place.shell, real(command));
        examples.push({command, output: shown(output)});
      }
      fresh = fresh.replace(step.block, () => consoleBlock(examples));
    }
  }
  return fresh;
}

/** Replaces values that vary by run or machine, such as times, by fixed ones. */
function steady(text: string): string {
  return (
    text
      .replaceAll(/\d+ ms\b/g, '2 ms')
      .replaceAll(/\S+Z \S+@\S+ moved/g, '2026-11-24T09:30:00.000Z ann@archive moved')
      .replaceAll(/"time":"[^"]*"/g, '"time":"2026-11-24T09:30:00.000Z"')
      .replaceAll(/"pid":\d+/g, '"pid":4711')
      .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '0b9cf1b2-6d2e-4a64-9f0e-3d1c5a7e8f90')
      .replaceAll(/^Date: .*$/gm, 'Date: Tue, 24 Nov 2026 09:30:00 GMT')
      .replaceAll(/\[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\]/g, '[24/Nov/2026:09:30:00 +0000]')
      .replaceAll(/curl\/\d[\d.]*/g, 'curl/7.88.1')
      .replaceAll(/PostgreSQL \d[\d.]*, [\d.]+ [kM]B/g, 'PostgreSQL 15.4, 7.5 MB')
      .replaceAll(/MariaDB \d[\d.]*, [\d.]+ [kM]B/g, 'MariaDB 10.11.4, 16 kB')
      .replaceAll(/"(SQLite|PostgreSQL|MariaDB) \d[\d.]*"/g, '"$1 3"')
      .replaceAll(/(SQLite \d[\d.]*), \d+ kB/g, '$1, 20 kB')
      .replaceAll(/^(identity[|\t])\d+$/gm, '$1718281828')
      .replaceAll(/"identity": "[0-9a-f]+"/g, '"identity": "9f2c61d0a4b37e58"')
      .replaceAll(/"sizeBytes": \d+/g, '"sizeBytes": 32872')
      .replaceAll(/\bup \d+ s\b/g, 'up 5 s')
      .replaceAll(/\bwritten \d+ s ago\b/g, 'written 5 s ago')
      .replaceAll(/"ageSeconds": [\d.]+/g, '"ageSeconds": 5')
      .replaceAll(/"uptimeSeconds": [\d.]+/g, '"uptimeSeconds": 5.1')
      .replaceAll('\r', '')
      // The order of headers is not significant.
      .replaceAll(
        /^(HTTP\/1\.1 .*\n)((?:[\w-]+: .*\n)+)/gm,
        (_, first: string, headers: string) => `${first}${headers.trimEnd().split('\n').sort().join('\n')}\n`,
      )
      // A terminal replaces the line of a running task by its result.
      .replaceAll(/^❯ .*\n/gm, '')
  );
}

interface Place {
  readonly folder: string;
  readonly shell: Shell;
}

/** Creates a folder in which `uniqueid` is a command and a package, and opens a shell in it. */
function openPlace(placeholders: readonly Placeholder[]): Place {
  const home = makeWorkspace();
  const folder = join(home, 'here');
  mkdirSync(join(home, 'bin'));
  mkdirSync(join(home, 'node_modules'));
  mkdirSync(folder);
  symlinkSync(join(root, 'bin', 'run.js'), join(home, 'bin', 'uniqueid'));
  symlinkSync(root, join(home, 'node_modules', 'uniqueid'));
  for (const name of ['@types', 'express', 'fastify'])
    symlinkSync(join(root, 'node_modules', name), join(home, 'node_modules', name));
  writeFileSync(join(home, 'package.json'), '{"type": "module"}\n');
  // Without a terminal curl would print its progress.
  writeFileSync(join(folder, '.curlrc'), 'silent\nshow-error\n');
  const port = placeholders.find(({shown}) => shown === ':8051')?.real.slice(1) ?? '';
  const shell = openShell(folder, {
    PATH: `${join(home, 'bin')}:${process.env['PATH']}:/usr/sbin`,
    HOME: folder,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    UNIQUEID_ADDRESS: '127.0.0.1',
    UNIQUEID_PORT: port,
    FIXTURES: join(root, 'test', 'fixtures'),
    DOCS: join(root, 'docs'),
  });
  return {folder, shell};
}

/** Maps ports 8051 and 8052 to free ones, and pg.example and maria.example to databases of the tests. */
async function placeholdersOf(page: string): Promise<readonly Placeholder[]> {
  const placeholders: Placeholder[] = [];
  for (const port of [8051, 8052]) {
    const free = await freePort();
    for (const before of [':', '/', '--port ', 'port: ', 'listen('])
      placeholders.push({shown: `${before}${port}`, real: `${before}${free}`});
  }
  if (page.includes('pg.example'))
    placeholders.push(...databasePlaceholders('pg.example', (await makePostgresDatabase()).url));
  if (page.includes('maria.example')) {
    const {url} = await makeMysqlDatabase();
    placeholders.push(...databasePlaceholders('maria.example', url));
    // Programs of MariaDB take the name of the database as an argument.
    const {pathname} = new URL(url);
    placeholders.push({shown: ' pacifica_uniqueid', real: ` ${pathname.slice(1)}`});
  }
  return placeholders;
}

/** Maps a URL as pages write it, as the program shows it, and as the parts in an option file. */
function databasePlaceholders(host: string, url: string): readonly Placeholder[] {
  const {username, password, hostname, port, pathname} = new URL(url);
  const server = `${hostname}:${port}`;
  const secret = decodeURIComponent(password);
  return [
    {shown: `uniqueid:secret@${host}`, real: `${username}:${password}@${host}`},
    {shown: `uniqueid:***@${host}`, real: `${username}:***@${host}`},
    {shown: `${host}/pacifica_uniqueid`, real: `${server}${pathname}`},
    {
      shown: `host = ${host}\nuser = uniqueid\npassword = secret\n`,
      real: `host = ${hostname}\nport = ${port}\nuser = ${username}\npassword = "${secret}"\n`,
    },
  ];
}

/** Runs a command; waits until a server in the background listens, as a reader would. */
async function runCommand(shell: Shell, command: string): ReturnType<Shell['run']> {
  const finished = await shell.run(command);
  if (!command.trimEnd().endsWith('&')) return finished;
  const port = /--port (\d+)/.exec(command)?.[1] ?? (await shell.run('echo $UNIQUEID_PORT')).output;
  const isUp = await listens(Number(port));
  if (!isUp) {
    const {output} = await shell.run('tail -n 5 *.log');
    throw new Error(`${command} does not listen on port ${port}:\n${output}`);
  }
  return finished;
}

async function listens(port: number): Promise<boolean> {
  const deadline = performance.now() + 20_000;
  while (!(await isListening(port))) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}
