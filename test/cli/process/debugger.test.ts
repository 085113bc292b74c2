import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {constants} from 'node:os';
import {join} from 'node:path';
import {setImmediate as afterInput, setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {cli, startCli, startServer, waitFor, type RunningCommand} from '../../helpers/programs/cli.js';
import {announcedUrl, untilWaiting} from '../../helpers/programs/screens.js';
import {ask} from '../../helpers/network/http.js';
import {freePort} from '../../helpers/databases/private-server.js';
import {lockDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

/** Matches the messages of Node.js when its inspector starts, or cannot start because the port is in use. */
const inspector = /debugger|inspector/i;

/** Returns the names of all that a process has open. */
function openFiles(pid: number | undefined): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(join(folder, fd))];
    } catch {
      return [];
    }
  });
}

/** Returns the listening TCP sockets of a process: those with state 0A in `/proc/net/tcp`. */
function listeningSockets(pid: number | undefined): readonly string[] {
  const sockets = openFiles(pid).flatMap((name) => /^socket:\[(\d+)\]$/.exec(name)?.[1] ?? []);
  const lines = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1),
  );
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.includes(inode ?? ''))
    .map(([, address = '']) => address);
}

/**
 * Returns whether a program handles a signal; Node.js installs its handler long before it runs the script.
 */
function catches({process: {pid}}: RunningCommand, name: NodeJS.Signals): boolean {
  const [, mask = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[name] - 1)) & 1n) === 1n;
}

async function signal({process}: RunningCommand): Promise<void> {
  for (let sent = 0; sent < 3; sent++) {
    process.kill('SIGUSR1');
    await sleep(50);
  }
}

async function expectNoInspector(command: RunningCommand, sockets: number): Promise<void> {
  await signal(command);
  expect(command.process.exitCode ?? command.process.signalCode).toBeNull();
  expect(command.stderr()).not.toMatch(inspector);
  if (process.platform === 'linux') expect(listeningSockets(command.process.pid)).toHaveLength(sockets);
}

describe('SIGUSR1', () => {
  it('opens no debugger in serve, which continues to answer', async () => {
    const server = await startServer(['--sync'], {cwd: makeWorkspace()});
    await expectNoInspector(server, 1);
    expect((await ask(server.url, '/getid?mode=file&range=1')).status).toBe(200);
    server.process.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
  });

  it('opens no debugger in status --watch', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const watch = startCli(['status', '--watch', '--json'], {cwd});
    await waitFor(() => (watch.stdout() === '' ? undefined : true), watch);
    await expectNoInspector(watch, 0);
    watch.process.kill('SIGTERM');
    expect((await watch.finished).status).toBe(143);
  });

  it('opens no debugger in a getid that waits for its database, and that then gets its integers', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const path = join(cwd, 'db.sqlite3');
    const unlock = lockDatabase(path);
    const getid = startCli(['getid', '--mode', 'file'], {cwd});
    const isWaiting = (): true | undefined =>
      openFiles(getid.process.pid).includes(path) ? true : undefined;
    if (process.platform === 'linux') await waitFor(isWaiting, getid);
    else await sleep(500);
    await expectNoInspector(getid, 0);
    unlock();
    expect(await getid.finished).toMatchObject({status: 0, stdout: '{"endIndex": 0, "startIndex": 0}\n'});
  });

  it('opens no debugger in a dbsync that waits for its database', async () => {
    const database = `mysql://127.0.0.1:${await freePort()}/uniqueid`;
    const dbsync = startCli(['dbsync', '--database', database], {cwd: makeWorkspace()});
    await untilWaiting(dbsync);
    await expectNoInspector(dbsync, 0);
  });

  it.runIf(process.platform === 'linux')(
    'opens a debugger at most for a moment in a process that has just started',
    async () => {
      const server = startCli(['serve', '--sync', '--port', '0'], {cwd: makeWorkspace()});
      while (!catches(server, 'SIGUSR1')) await afterInput();
      server.process.kill('SIGUSR1');
      await waitFor(() => announcedUrl(server.stderr()), server);
      await waitFor(() => (listeningSockets(server.process.pid).length === 1 ? true : undefined), server);
      server.process.kill('SIGTERM');
      expect((await server.finished).status).toBe(0);
    },
  );

  it('has no effect on a debugger that NODE_OPTIONS requests', async () => {
    const env = {NODE_OPTIONS: '--inspect=127.0.0.1:0'};
    const server = await startServer(['--sync'], {cwd: makeWorkspace(), env});
    expect(server.stderr()).toMatch(inspector);
    await sleep(500);
    if (process.platform === 'linux') expect(listeningSockets(server.process.pid)).toHaveLength(2);
  });
});
