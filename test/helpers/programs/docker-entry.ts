import {join} from 'node:path';
import {startProgram, untilAnnounced, type Finished, type RunningServer} from './cli.js';
import {freePort} from '../databases/private-server.js';
import {makeWorkspace, root} from '../folders/workspace.js';

type Variables = Readonly<Record<string, string>>;

/** The entry script of the image. */
export const entryScript = join(root, 'scripts', 'docker-entry.sh');

/** Runs the entry script to its end. */
export function runEntry(
  args: readonly string[],
  env: Variables,
  cwd: string = makeWorkspace(),
): Promise<Finished> {
  return startProgram(entryScript, args, {cwd, env}).finished;
}

/** Starts the server by the entry script, on a free port of loopback. */
export async function serveByEntry(env: Variables, cwd: string): Promise<RunningServer> {
  const local = {UNIQUEID_ADDRESS: '127.0.0.1', UNIQUEID_PORT: String(await freePort()), ...env};
  const command = startProgram(entryScript, ['serve'], {cwd, env: local});
  return {...command, url: await untilAnnounced(command)};
}

/** Returns the variables of the Python image that name a database of the tests. */
export function variablesOf(url: string): Record<string, string> {
  const {protocol, username, password, hostname, port, pathname} = new URL(url);
  return {
    PEEWEE_PROTO: protocol.replace(':', ''),
    PEEWEE_USER: decodeURIComponent(username),
    PEEWEE_PASS: decodeURIComponent(password),
    PEEWEE_ADDR: hostname,
    PEEWEE_PORT: port,
    PEEWEE_DATABASE: pathname.slice(1),
  };
}
