import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished, type TestContext} from 'vitest';
import {
  cli,
  logRecords,
  startProgram,
  waitFor,
  type LogRecord,
  type RunningCommand,
} from '../helpers/programs/cli.js';
import {ask, keepAlive} from '../helpers/network/http.js';
import {freePort} from '../helpers/databases/private-server.js';
import {lockDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';
import {needs} from '../helpers/run/needs.js';

const ALL_LOGS = {UNIQUEID_LOG_SCREEN: 'true', UNIQUEID_REQUEST_TIMEOUT: '2'};

interface Server extends RunningCommand {
  readonly url: string;
}

/** Starts `serve` with the redirections of a shell, and waits until it answers. */
async function serveWith(redirections: string, cwd: string, env = {}): Promise<Server> {
  await cli(['dbsync'], {cwd});
  const port = await freePort();
  const program = `'${process.execPath}' '${join(root, 'bin', 'run.js')}' serve --port ${port}`;
  const command = startProgram('bash', ['-c', `exec ${program} ${redirections}`], {cwd, env});
  const url = `http://127.0.0.1:${port}`;
  await untilAnswering(url);
  return {...command, url};
}

/** Polls, because stderr cannot announce the server. */
async function untilAnswering(url: string): Promise<void> {
  while ((await ask(url, '/').catch(() => undefined)) === undefined) await sleep(20);
}

async function droppedLines(url: string): Promise<number> {
  const {body} = await ask(url, '/metrics');
  return Number(/^uniqueid_log_lines_dropped_total (\d+)$/m.exec(body)?.[1]);
}

/** Logs 2 MB with long requests: more than any pipe or buffer holds. */
async function logMuch(url: string): Promise<void> {
  const agent = keepAlive(8);
  const text = 'x'.repeat(4000);
  const statuses = new Set<number>();
  await Promise.all(
    Array.from({length: 8}, async () => {
      for (let request = 0; request < 60; request++)
        statuses.add((await ask(url, `/getid?mode=file&range=1&x=${text}`, {agent})).status);
    }),
  );
  agent.destroy();
  expect([...statuses]).toEqual([200]);
}

/** Causes all records: of requests, of a failed commit, and of start and shutdown. */
async function useAndStop({url, process: child, finished}: Server, cwd: string): Promise<void> {
  expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(200);
  const unlock = lockDatabase(join(cwd, 'db.sqlite3'));
  expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(503);
  unlock();
  await logMuch(url);
  expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(200);
  expect(await droppedLines(url)).toBeGreaterThan(0);
  child.kill('SIGTERM');
  expect(await finished).toMatchObject({status: 0, signal: null});
}

describe('serve answers every request and ends with status 0', () => {
  it.each([
    ['stderr is on a full disk', '2>/dev/full'],
    ['the reader of stderr has ended', '2> >(exec true)'],
    ['stderr is a pipe that is never read', '2> >(exec sleep 60 >/dev/null 2>&1)'],
    ['stderr is open for reading only', '2</dev/null'],
  ])('if %s', async (_, redirection) => {
    const cwd = makeWorkspace();
    await useAndStop(await serveWith(redirection, cwd, ALL_LOGS), cwd);
  });

  it.each(['/dev/full', 'unread'])('if both log files are %s', async (path) => {
    const cwd = makeWorkspace();
    if (path === 'unread') {
      execFileSync('mkfifo', [join(cwd, path)]);
      const holder = spawn('sh', ['-c', `exec sleep 600 <>unread`], {cwd});
      onTestFinished(() => {
        holder.kill('SIGKILL');
      });
      await sleep(100);
    }
    const env = {
      ...ALL_LOGS,
      UNIQUEID_ACCESS_FILE: path,
      UNIQUEID_ERROR_FILE: path,
      UNIQUEID_LOG_SCREEN: 'false',
    };
    await useAndStop(await serveWith('', cwd, env), cwd);
  });

  it('if stderr is closed', async () => {
    const cwd = makeWorkspace();
    const server = await serveWith('2>&-', cwd, ALL_LOGS);
    await logMuch(server.url);
    server.process.kill('SIGTERM');
    expect(await server.finished).toMatchObject({status: 0, signal: null});
  });

  needs('python3').it('if the terminal is never read', async () => {
    const cwd = makeWorkspace();
    // A new terminal whose master stays open and is never read.
    const hold = `import os,pty,signal,sys
pid, _ = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
print(pid, flush=True)
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;
    const port = await freePort();
    await cli(['dbsync'], {cwd});
    const program = [process.execPath, join(root, 'bin', 'run.js'), 'serve', '--port', String(port)];
    const command = startProgram('python3', ['-c', hold, ...program], {cwd, env: ALL_LOGS});
    const pid = Number(await waitFor(() => /^(\d+)\n/.exec(command.stdout())?.[1], command));
    onTestFinished(() => {
      // The loss of its terminal would not end it.
      if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
    });
    const url = `http://127.0.0.1:${port}`;
    await untilAnswering(url);
    await useAndStop({...command, url}, cwd);
  });
});

/** Mounts a file system of 4 MB; skips the test if this user may not. */
function tinyDisk(skip: TestContext['skip']): string {
  const folder = join(makeWorkspace(), 'tiny');
  mkdirSync(folder);
  const {status} = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
  if (status !== 0) {
    if (process.env['CI'] === 'true') throw new Error('this user may not mount a small file system');
    skip('this user may not mount a small file system');
  }
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', folder]);
  });
  return folder;
}

describe('logs on a full disk', () => {
  it('are written again when there is space, in whole lines, with one record of the dropped ones', async ({
    skip,
  }) => {
    const disk = tinyDisk(skip);
    const cwd = makeWorkspace();
    const access = join(disk, 'access.log');
    writeFileSync(join(disk, 'ballast'), 'x'.repeat(4_190_000));
    const server = await serveWith('', cwd, {
      UNIQUEID_LOG_SCREEN: 'false',
      UNIQUEID_ACCESS_FILE: access,
    });
    await logMuch(server.url);
    while ((await droppedLines(server.url)) === 0) await sleep(50);
    rmSync(join(disk, 'ballast'));
    const isRecovery = (record: LogRecord): boolean => record['dropped'] !== undefined;
    const recovery = await waitFor(() => logRecords(server.stderr()).find(isRecovery), server);
    const dropped = await droppedLines(server.url);
    expect(dropped).toBeGreaterThan(0);
    server.process.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
    expect(logRecords(server.stderr()).filter(isRecovery)).toEqual([recovery]);
    expect(recovery['dropped']).toBe(dropped);
    const lines = readFileSync(access, 'utf8').split('\n').slice(0, -1);
    // The full disk may have cut one line; the next line still starts a new one.
    expect(lines.filter((line) => !line.endsWith('"')).length).toBeLessThanOrEqual(1);
    expect(lines.at(-1)).toContain('/metrics');
  });

  it('keep a bounded number of lines in memory', async () => {
    const cwd = makeWorkspace();
    const server = await serveWith('', cwd, {
      UNIQUEID_LOG_SCREEN: 'false',
      UNIQUEID_ACCESS_FILE: '/dev/full',
    });
    const residentBytes = async (): Promise<number> =>
      Number(/^process_resident_memory_bytes (\S+)$/m.exec((await ask(server.url, '/metrics')).body)?.[1]);
    for (let turn = 0; turn < 3; turn++) await logMuch(server.url);
    const before = await residentBytes();
    // 76 MB of lines.
    for (let turn = 0; turn < 40; turn++) await logMuch(server.url);
    expect((await residentBytes()) - before).toBeLessThan(45_000_000);
  }, 300_000);
});
