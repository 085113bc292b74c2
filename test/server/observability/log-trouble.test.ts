import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished, type TestContext} from 'vitest';
import {cli, startProgram, waitFor, type RunningCommand} from '../../helpers/programs/cli.js';
import {ask, keepAlive} from '../../helpers/network/http.js';
import {freePort} from '../../helpers/databases/private-server.js';
import {lockDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {needs} from '../../helpers/run/needs.js';

const EVERYTHING = {UNIQUEID_LOG_SCREEN: 'true', UNIQUEID_REQUEST_TIMEOUT: '2'};

interface Troubled extends RunningCommand {
  readonly url: string;
}

/** Starts `serve` with its streams as a shell redirects them, and waits until it answers. */
async function serveWith(redirections: string, cwd: string, env = {}): Promise<Troubled> {
  await cli(['dbsync'], {cwd});
  const port = await freePort();
  const program = `'${process.execPath}' '${join(root, 'bin', 'run.js')}' serve --port ${port}`;
  const command = startProgram('bash', ['-c', `exec ${program} ${redirections}`], {cwd, env});
  const url = `http://127.0.0.1:${port}`;
  await untilAnswering(url);
  return {...command, url};
}

/** Stderr cannot tell that it answers. */
async function untilAnswering(url: string): Promise<void> {
  while ((await ask(url, '/').catch(() => undefined)) === undefined) await sleep(20);
}

async function droppedLines(url: string): Promise<number> {
  const {body} = await ask(url, '/metrics');
  return Number(/^uniqueid_log_lines_dropped_total (\d+)$/m.exec(body)?.[1]);
}

/** Asks so often, at such length, that more is logged than any pipe or buffer holds. */
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

/** Everything that is logged: requests, a failure of the service's own, and its start and stop. */
async function useAndStop({url, process: child, finished}: Troubled, cwd: string): Promise<void> {
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

describe('serve answers every request and ends with 0', () => {
  it.each([
    ['stderr is on a full disk', '2>/dev/full'],
    ['the reader of stderr has gone', '2> >(exec true)'],
    ['nobody reads stderr', '2> >(exec sleep 60 >/dev/null 2>&1)'],
    ['stderr can only be read from', '2</dev/null'],
  ])('if %s', async (_, redirection) => {
    const cwd = makeWorkspace();
    await useAndStop(await serveWith(redirection, cwd, EVERYTHING), cwd);
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
      ...EVERYTHING,
      UNIQUEID_ACCESS_FILE: path,
      UNIQUEID_ERROR_FILE: path,
      UNIQUEID_LOG_SCREEN: 'false',
    };
    await useAndStop(await serveWith('', cwd, env), cwd);
  });

  it('if stderr is closed', async () => {
    const cwd = makeWorkspace();
    const server = await serveWith('2>&-', cwd, EVERYTHING);
    await logMuch(server.url);
    server.process.kill('SIGTERM');
    expect(await server.finished).toMatchObject({status: 0, signal: null});
  });

  needs('python3').it('if nobody reads the terminal', async () => {
    const cwd = makeWorkspace();
    // A terminal of its own whose master is held open and never read.
    const hold = `import os,pty,signal,sys
pid, _ = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
print(pid, flush=True)
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;
    const port = await freePort();
    await cli(['dbsync'], {cwd});
    const program = [process.execPath, join(root, 'bin', 'run.js'), 'serve', '--port', String(port)];
    const command = startProgram('python3', ['-c', hold, ...program], {cwd, env: EVERYTHING});
    const pid = Number(await waitFor(() => /^(\d+)\n/.exec(command.stdout())?.[1], command));
    onTestFinished(() => {
      // A terminal that is gone would not end it.
      if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
    });
    const url = `http://127.0.0.1:${port}`;
    await untilAnswering(url);
    await useAndStop({...command, url}, cwd);
  });
});

/** A file system of 4 MB; where this user may not mount one the test is skipped. */
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

describe('logs on a disk that was full', () => {
  it('are written again when there is room, whole lines only, and say once what is missing', async ({
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
    const told = await waitFor(() => /"dropped":(\d+)/.exec(server.stderr()) ?? undefined, server);
    expect(Number(told[1])).toBeGreaterThan(0);
    const dropped = await droppedLines(server.url);
    server.process.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
    expect(server.stderr().match(/"dropped":/g)).toHaveLength(1);
    expect(Number(told[1])).toBe(dropped);
    const lines = readFileSync(access, 'utf8').split('\n').slice(0, -1);
    // One line may be cut where the disk was full; the next one begins a line all the same.
    expect(lines.filter((line) => !line.endsWith('"')).length).toBeLessThanOrEqual(1);
    expect(lines.at(-1)).toContain('/metrics');
  });

  it('keep no more than a bounded number of lines in memory', async () => {
    const cwd = makeWorkspace();
    const server = await serveWith('', cwd, {
      UNIQUEID_LOG_SCREEN: 'false',
      UNIQUEID_ACCESS_FILE: '/dev/full',
    });
    const heap = async (): Promise<number> =>
      Number(/^process_resident_memory_bytes (\S+)$/m.exec((await ask(server.url, '/metrics')).body)?.[1]);
    for (let turn = 0; turn < 3; turn++) await logMuch(server.url);
    const before = await heap();
    // 76 MB of lines.
    for (let turn = 0; turn < 40; turn++) await logMuch(server.url);
    expect((await heap()) - before).toBeLessThan(45_000_000);
  }, 120_000);
});
