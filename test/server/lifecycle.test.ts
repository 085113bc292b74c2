import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync, renameSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {
  announcesWait,
  logRecords,
  recordsOf,
  startCli,
  startServer,
  untilAnnounced,
  waitFor,
} from '../helpers/programs/cli.js';
import {untilQueued} from '../helpers/network/health.js';
import {ask, askRaw, keepAlive, rangeOf} from '../helpers/network/http.js';
import {needs} from '../helpers/run/needs.js';
import {freePort} from '../helpers/databases/private-server.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {holdSocket} from '../helpers/programs/socket-holder.js';
import {lockDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

describe('SIGHUP to serve', () => {
  it('opens renamed log files again, and no line is lost', async () => {
    const cwd = makeWorkspace();
    const [access, errors] = [join(cwd, 'access.log'), join(cwd, 'error.log')];
    const env = {UNIQUEID_ACCESS_FILE: access, UNIQUEID_ERROR_FILE: errors};
    const server = await startServer(['--sync'], {cwd, env});
    await ask(server.url, '/getid?mode=first&range=1');
    renameSync(access, `${access}.1`);
    renameSync(errors, `${errors}.1`);
    await ask(server.url, '/getid?mode=second&range=1');
    server.process.kill('SIGHUP');
    while (!existsSync(errors)) await sleep(10);
    await ask(server.url, '/getid?mode=third&range=1');
    server.process.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
    const [old, fresh] = [readFileSync(`${access}.1`, 'utf8'), readFileSync(access, 'utf8')];
    expect(old).toContain('mode=first');
    expect(old + fresh).toContain('mode=second');
    expect(fresh).toContain('mode=third');
    // The reload, then the start and the end of the shutdown.
    const levels = logRecords(readFileSync(errors, 'utf8')).map(({level}) => level);
    expect(levels).toEqual(['info', 'info', 'info']);
  });

  it('does not end it while it starts, and takes effect later', async () => {
    const cwd = makeWorkspace();
    const server = startCli(['serve', '--sync', '--port', '0'], {cwd});
    // Logged before the service listens.
    await waitFor(() => logRecords(server.stderr()).find(({steps}) => steps !== undefined), server);
    server.process.kill('SIGHUP');
    const url = await untilAnnounced(server);
    expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(200);
    // The steps, the announcement and the reload.
    await waitFor(() => (recordsOf(server.stderr(), 'info').length === 3 ? true : undefined), server);
  });
});

/** Returns the ids of the processes that a process has started. */
function childrenOf(pid: number | undefined): readonly number[] {
  // pgrep ends with status 1 if it finds none.
  const {stdout} = spawnSync('pgrep', ['-P', String(pid)], {encoding: 'utf8'});
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

describe('shutdown of serve', () => {
  it('ends immediately at a second signal', async () => {
    const cwd = makeWorkspace();
    const server = await startServer(['--sync'], {cwd});
    const unlock = lockDatabase(join(cwd, 'db.sqlite3'));
    const waiting = ask(server.url, '/getid?mode=file&range=1').catch(() => undefined);
    await untilQueued(server.url, 1);
    server.process.kill('SIGTERM');
    await sleep(300);
    expect(server.process.exitCode).toBeNull();
    server.process.kill('SIGTERM');
    expect((await server.finished).status).toBe(143);
    unlock();
    await waiting;
  });

  it('takes no longer than shutdown_timeout, and ends with status 1 then', async () => {
    const cwd = makeWorkspace();
    const server = await startServer(['--sync'], {
      cwd,
      env: {UNIQUEID_SHUTDOWN_TIMEOUT: '0.5', UNIQUEID_REQUEST_TIMEOUT: '20'},
    });
    const unlock = lockDatabase(join(cwd, 'db.sqlite3'));
    const waiting = ask(server.url, '/getid?mode=file&range=1').catch(() => undefined);
    await untilQueued(server.url, 1);
    const started = performance.now();
    server.process.kill('SIGTERM');
    await waiting;
    expect(performance.now() - started).toBeLessThan(5000);
    unlock();
    expect((await server.finished).status).toBe(1);
  });

  it('does not wait for a connection without a complete request', async () => {
    const env = {UNIQUEID_SHUTDOWN_TIMEOUT: '20', UNIQUEID_HEADER_TIMEOUT: '3600'};
    const server = await startServer(['--sync'], {cwd: makeWorkspace(), env});
    const silent = askRaw(server.url, '');
    const half = askRaw(server.url, 'GET /getid?mode=file&range=1 HTTP/1.1\r\n');
    await ask(server.url, '/');
    server.process.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
    await silent;
    expect(await half).toContain('408 Request Timeout');
  });

  needs('pid namespaces', 'pgrep').it('works in a container while serve waits for its database', async () => {
    const unavailable = `mysql://127.0.0.1:${await freePort()}/uniqueid`;
    const command = [process.execPath, join(root, 'bin', 'run.js'), 'serve', '--database', unavailable];
    const container = spawn('unshare', ['--pid', '--fork', '--kill-child', ...command], {
      env: {PATH: process.env['PATH'], HOME: makeWorkspace()},
    });
    onTestFinished(() => {
      container.kill('SIGKILL');
    });
    let stderr = '';
    container.stderr.on('data', (chunk) => (stderr += String(chunk)));
    while (!announcesWait(stderr, 1, 10)) await sleep(10);
    const [first] = childrenOf(container.pid);
    process.kill(Number(first), 'SIGTERM');
    const [status] = (await once(container, 'exit')) as [number];
    expect(status).toBe(143);
  });
});

describe('serve under systemd', () => {
  /** Sends requests without a pause until `isOver`, on new connections or on one that stays open. */
  async function askOn(
    url: string,
    kind: 'new' | 'kept',
    given: Given[],
    isOver: () => boolean,
  ): Promise<void> {
    const agent = kind === 'kept' ? keepAlive(1) : false;
    while (!isOver()) {
      given.push(rangeOf(await ask(url, '/getid?mode=file&range=3', {agent})));
      // The system reuses a port only after a minute; the test must not use up all of them.
      if (agent === false) await sleep(5);
    }
    if (agent !== false) agent.destroy();
  }

  it('loses no request at restarts under load on an inherited socket', async () => {
    const holder = await holdSocket(['--sync'], {cwd: makeWorkspace()});
    const given: Given[] = [];
    let service = await holder.start();
    let isOver = false;
    const load = Promise.all(
      (['new', 'kept'] as const).flatMap((kind) =>
        Array.from({length: 6}, () => askOn(holder.url, kind, given, () => isOver)),
      ),
    );
    for (let restart = 0; restart < 3; restart++) {
      const before = given.length;
      while (given.length < before + 300) await Promise.race([sleep(10), load]);
      process.kill(service.pid, 'SIGTERM');
      expect(await service.ended).toBe(0);
      service = await holder.start();
    }
    isOver = true;
    await load;
    expect(flaws(given)).toMatchObject({overlaps: [], gaps: [], next: BigInt(3 * given.length)});
    process.kill(service.pid, 'SIGTERM');
    expect(await service.ended).toBe(0);
  });

  needs('python3', 'systemd-notify').it('notifies systemd when it is ready and when it stops', async () => {
    const cwd = makeWorkspace();
    const path = join(cwd, 'notify');
    const listener = spawn('python3', [
      '-u',
      '-c',
      `import socket,sys
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind(sys.argv[1]); print('bound',flush=True)
while True: print(s.recv(4096).decode().replace(chr(10),'|'),flush=True)`,
      path,
    ]);
    onTestFinished(() => {
      listener.kill('SIGKILL');
    });
    let received = '';
    listener.stdout.on('data', (chunk) => (received += String(chunk)));
    while (!received.includes('bound')) await sleep(10);
    const server = await startServer(['--sync'], {cwd, env: {NOTIFY_SOCKET: path}});
    while (!received.includes('READY=1')) await sleep(10);
    expect(received).toContain(`MAINPID=${server.process.pid}`);
    server.process.kill('SIGTERM');
    await server.finished;
    while (!received.includes('STOPPING=1')) await sleep(10);
  });
});
