import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {copyFileSync, mkdtempSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Installation} from './install.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Stores that are opened, used and discarded, with two forced collections for each. */
const DISCARDED_STORES = 300;
/**
 * Forced collections of the running service, over all of its threads. Under full load, V8 itself makes fewer
 * full ones in an hour.
 */
const SERVICE_COLLECTIONS = 2000;
const CLIENTS = 8;

/** @throws Error unless npm chose the version of the driver that this Node.js can run */
export function checkDriver({version, driver}: Installation): void {
  const expected = Number.parseInt(version, 10) < 22 ? 12 : 13;
  if (Number.parseInt(driver, 10) !== expected)
    throw new Error(`npm chose better-sqlite3 ${driver} for Node.js ${version}, not ${expected}`);
}

/** Makes a database and allocates by the installed command. @throws Error if it prints anything else */
export function checkCommands(installation: Installation): void {
  const cwd = mkdtempSync(join(installation.folder, 'commands-'));
  const run = (...args: string[]): string =>
    execFileSync(installation.node, [installation.program, ...args], {
      cwd,
      env: variables(installation, cwd),
      stdio: ['ignore', 'pipe', 'pipe'],
    }).toString();
  run('dbsync');
  const [first, second] = [
    run('getid', '--mode', 'file', '--range', '10'),
    run('getid', '-m', 'file', '--format', 'list'),
  ];
  if (first !== '{"endIndex": 9, "startIndex": 0}\n' || second !== '10\n')
    throw new Error(`getid printed ${first}${second}`);
  run('status', '--json');
  run('reset', '--mode', 'file', '--to', '100', '--yes');
  const third = run('getid', '-m', 'file', '--format', 'plain');
  if (third !== '100 100\n') throw new Error(`getid printed ${third} after the reset`);
}

/**
 * Discards stores between forced collections.
 *
 * @returns the collections
 * @throws Error if the process aborts
 */
export function discardStores(installation: Installation): number {
  const cwd = mkdtempSync(join(installation.folder, 'discard-'));
  const env = variables(installation, cwd);
  execFileSync(installation.node, [installation.program, 'dbsync'], {cwd, env, stdio: 'pipe'});
  // Node.js looks for the package from the folder of the program upwards.
  const program = join(cwd, 'discard.js');
  copyFileSync(here('discard.js'), program);
  const {status, signal, stdout, stderr} = spawnSync(
    installation.node,
    ['--expose-gc', program, String(DISCARDED_STORES)],
    {cwd, env, encoding: 'utf8'},
  );
  if (status !== 0) throw new Error(`the discarding process ended with ${status ?? signal}: ${stderr}`);
  return Number(stdout);
}

/**
 * Forces collections in all threads of a service under load.
 *
 * @returns the collections
 * @throws Error if the service fails
 */
export async function collectInService(installation: Installation): Promise<number> {
  const cwd = mkdtempSync(join(installation.folder, 'serve-'));
  const forced = ['--expose-gc', '--trace-gc', '--require', here('force-gc.cjs')];
  const server = spawn(
    installation.node,
    [...forced, installation.program, 'serve', '--sync', '--port', '0'],
    {cwd, env: variables(installation, cwd), stdio: ['ignore', 'pipe', 'pipe']},
  );
  const ended = once(server, 'close');
  let [collections, log] = [0, ''];
  // V8 prints one line for each collection.
  server.stdout.on(
    'data',
    (chunk: Buffer) => (collections += chunk.toString().match(/Mark-Compact/g)?.length ?? 0),
  );
  server.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const url = (): string | undefined => /"url":"(http:[^"]+)"/.exec(log)?.[1];
  while (url() === undefined && server.exitCode === null && server.signalCode === null)
    await new Promise((resolve) => setTimeout(resolve, 20));
  let issued = 0;
  const client = async (): Promise<void> => {
    while (collections < SERVICE_COLLECTIONS && server.exitCode === null && server.signalCode === null) {
      const answer = await fetch(`${url() ?? ''}/getid?range=1&mode=file`);
      await answer.arrayBuffer();
      if (answer.ok) issued++;
      // A slow machine may let a request time out.
      else if (answer.status !== 503) throw new Error(`the service answered with ${answer.status}`);
    }
  };
  try {
    await Promise.all(Array.from({length: CLIENTS}, client));
  } finally {
    server.kill('SIGTERM');
  }
  const [status, signal] = (await ended) as [number | null, string | null];
  if (status !== 0)
    throw new Error(`the service ended with ${status ?? signal} after ${collections}: ${log}`);
  const args = [installation.program, 'getid', '-m', 'file', '--format', 'plain'];
  const next = execFileSync(installation.node, args, {cwd, env: variables(installation, cwd)}).toString();
  if (Number.parseInt(next, 10) < issued) throw new Error(`the service issued ${issued}, then ${next}`);
  return collections;
}

const variables = ({env}: Installation, home: string): NodeJS.ProcessEnv => ({PATH: env['PATH'], HOME: home});
