import {mkdirSync, readdirSync, renameSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {cli, startProgram, startServer, waitFor, type RunningCommand} from '../helpers/programs/cli.js';
import {announcedUrl} from '../helpers/programs/screens.js';
import {ask} from '../helpers/network/http.js';
import {needs} from '../helpers/run/needs.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

/** Makes every file system read-only except one folder, if one is named, and executes the command. */
const SCRIPT = `set -e
mount --make-rprivate /
[ -z "$1" ] || mount --bind "$1" "$1"
while read -r device mounted rest; do
  [ "$mounted" = "$1" ] || mount -o remount,bind,ro "$mounted" 2>/dev/null || true
done < /proc/self/mounts
shift
exec "$@"`;

/** Runs a command that can write only in `writable`. */
function confined(cwd: string, writable: string, args: readonly string[], env = {}): RunningCommand {
  const command = [process.execPath, join(root, 'bin', 'run.js'), ...args];
  return startProgram('unshare', ['--mount', 'sh', '-c', SCRIPT, 'sh', writable, ...command], {cwd, env});
}

const answersAt = (command: RunningCommand): Promise<string> =>
  waitFor(() => announcedUrl(command.stderr()), command);

needs('mounts').describe('a read-only root file system', () => {
  it('suffices for serve if the folders of its database and its logs are writable', async () => {
    const cwd = makeWorkspace();
    const data = join(cwd, 'data');
    mkdirSync(data);
    const log = join(data, 'error.log');
    const env = {
      PEEWEE_URL: `sqlite:///${join(data, 'db.sqlite3')}`,
      UNIQUEID_ERROR_FILE: log,
      UNIQUEID_ACCESS_FILE: join(data, 'access.log'),
    };
    expect((await confined(cwd, data, ['dbsync'], env).finished).status).toBe(0);
    const server = confined(cwd, data, ['serve', '--port', '0'], env);
    const url = await answersAt(server);
    expect((await ask(url, '/getid?mode=file&range=3')).status).toBe(200);
    expect((await ask(url, '/health')).status).toBe(200);
    renameSync(log, `${log}.1`);
    server.process.kill('SIGHUP');
    await waitFor(() => (readdirSync(data).includes('error.log') ? true : undefined), server);
    server.process.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
    expect(readdirSync(cwd)).toEqual(['data']);
    expect(readdirSync(data).sort()).toEqual([
      'access.log',
      'db.sqlite3',
      'db.sqlite3-issued',
      'error.log',
      'error.log.1',
    ]);
  });

  it('makes every allocation fail if it holds the database, and changes no file', async () => {
    const cwd = makeWorkspace();
    expect((await cli(['getid', '-m', 'file'], {cwd})).status).toBe(3);
    await cli(['dbsync'], {cwd});
    await cli(['getid', '-m', 'file'], {cwd});
    for (const args of [
      ['getid', '-m', 'file'],
      ['serve', '--port', '0'],
      ['reset', '--mode', 'file', '--to', '100', '--yes'],
    ])
      expect((await confined(cwd, '', args).finished).status, args.join(' ')).toBe(4);
    expect(readdirSync(cwd).sort()).toEqual(['db.sqlite3', 'db.sqlite3-issued']);
    // With the WAL of a killed service, the file can be read.
    const killed = await startServer([], {cwd});
    await ask(killed.url, '/getid?mode=file&range=1');
    killed.process.kill('SIGKILL');
    await killed.finished;
    const url = await answersAt(confined(cwd, '', ['serve', '--port', '0']));
    expect((await ask(url, '/health')).status).toBe(503);
    expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(503);
    expect((await cli(['getid', '-m', 'file'], {cwd})).stdout).toContain('"startIndex": 2');
  });

  it('makes serve fail at the start if it holds the error log', async () => {
    const cwd = makeWorkspace();
    const data = join(cwd, 'data');
    mkdirSync(data);
    const env = {
      PEEWEE_URL: `sqlite:///${join(data, 'db.sqlite3')}`,
      UNIQUEID_ERROR_FILE: join(cwd, 'error.log'),
    };
    const server = confined(cwd, data, ['serve', '--sync', '--port', '0'], env);
    expect((await server.finished).status).toBe(2);
  });
});
