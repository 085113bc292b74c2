import {execFileSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {openapiText} from '../../src/lib/server/routes/openapi.js';
import {buildImage} from '../helpers/image/buildah.js';
import {serveByContainer, startContainer} from '../helpers/image/container.js';
import {freePort} from '../helpers/databases/private-server.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import {ask, keepAlive, rangeOf} from '../helpers/network/http.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {stages} from '../helpers/programs/dockerfile.js';
import {needs} from '../helpers/run/needs.js';
import {shared} from '../helpers/run/shared.js';

/** Time limit of the build, in milliseconds: Debian and all packages are installed in it. */
const BUILD_MS = 1_800_000;

/** Time limit of a test: a slow machine starts a container in seconds. */
const TEST_MS = 240_000;

const env = {PEEWEE_URL: 'sqliteext:///db.sqlite3'};

function makeVolume(): string {
  const volume = join(makeWorkspace(), 'volume');
  mkdirSync(volume);
  // The user of a container must be able to enter the parent folders.
  chmodSync(join(volume, '..'), 0o755);
  return volume;
}

needs('buildah', 'debootstrap', 'runc', 'pgrep', 'mounts').describe('the image', {timeout: TEST_MS}, () => {
  const image = shared(() => {
    const made = buildImage(process.env['UNIQUEID_TEST_IMAGES'] ?? makeWorkspace());
    process.stderr.write(`The image has ${Math.round(made.sizeBytes / 1e6)} MB.\n`);
    return Promise.resolve(made);
  }, BUILD_MS);

  it('names its user, port, volume, health check and licence', () => {
    expect(image().config).toMatchObject({
      User: 'node',
      ExposedPorts: {'8051/tcp': {}},
      Volumes: {'/var/lib/uniqueid': {}},
      Labels: {
        'org.opencontainers.image.title': 'UniqueID',
        'org.opencontainers.image.licenses': 'MIT',
      },
    });
    expect(image().config.Healthcheck.Test.slice(0, 2)).toEqual(['CMD', 'node']);
  });

  it('has the Node.js that the Dockerfile names', async () => {
    const args = ['version', '--json'];
    const {stdout} = await startContainer(image(), {volume: makeVolume(), env, args}).finished;
    const [version = ''] = stages()[1]?.from.getImageTag()?.split('-') ?? [];
    expect(JSON.parse(stdout)).toMatchObject({node: version});
  });

  it('holds no build tool, test, source or secret', () => {
    const find = (folder: string, ...tests: string[]): string[] =>
      execFileSync('find', [join(image().rootfs, folder), ...tests], {encoding: 'utf8'})
        .split('\n')
        .filter((path) => path !== '');
    const tools = [
      'npm',
      'npx',
      'yarn',
      'corepack',
      'cc',
      'gcc*',
      'g++*',
      'c++',
      'make',
      'python3*',
      'git',
      'tsc',
    ];
    const names = tools.flatMap((name) => ['-o', '-name', name]).slice(1);
    expect(find('usr', '-path', '*/bin/*', '(', ...names, ')')).toEqual([]);
    expect(readdirSync(join(image().rootfs, 'srv', 'uniqueid')).sort()).toEqual(
      ['LICENSE', 'bin', 'dist', 'node_modules', 'oclif.manifest.json', 'package.json', 'scripts'].sort(),
    );
    expect(readdirSync(join(image().rootfs, 'srv', 'uniqueid', 'scripts')).sort()).toEqual([
      'docker-entry.sh',
      'docker-health.js',
    ]);
    const leftovers = [
      '.npmrc',
      'npmrc',
      'authorities.crt',
      '*.sqlite3',
      '*.o',
      '*.a',
      'sqlite3.c',
      'vitest',
      'typescript',
    ];
    const unwanted = leftovers.flatMap((name) => ['-o', '-name', name]).slice(1);
    for (const folder of ['srv', 'root', 'home', 'usr/local', 'var/lib/uniqueid'])
      expect(find(folder, '(', ...unwanted, ')'), folder).toEqual([]);
    for (const folder of ['root/.npm', 'root/.cache', 'home/node/.npm'])
      expect(existsSync(join(image().rootfs, folder)), folder).toBe(false);
  });

  it('serves every route from a read-only root, as PID 1 and as an unprivileged user', async () => {
    const volume = makeVolume();
    const server = await serveByContainer(image(), await freePort(), {volume, env});
    for (const path of Object.keys((JSON.parse(openapiText) as {paths: object}).paths)) {
      const query = path === '/getid' ? '?range=1&mode=file' : '';
      expect((await ask(server.url, path + query)).status, path).toBe(200);
    }
    const pids = execFileSync('pgrep', ['--parent', String(server.process.pid)], {encoding: 'utf8'});
    const status = execFileSync('cat', [`/proc/${pids.trim().split('\n')[0] ?? ''}/status`], {
      encoding: 'utf8',
    });
    expect(/^NSpid:.*\t1$/m.test(status), status).toBe(true);
    expect(status).toMatch(/^Uid:\t1000\t1000\t/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    server.process.kill('SIGTERM');
    expect(await server.finished).toMatchObject({status: 0});
    expect(readdirSync(volume)).toEqual(['db.sqlite3', 'db.sqlite3-issued']);
  });

  it('answers every accepted request after SIGTERM, and leaves no gap', async () => {
    const volume = makeVolume();
    const server = await serveByContainer(image(), await freePort(), {volume, env});
    const given: Given[] = [];
    const agent = keepAlive(32);
    let isStopping = false;
    const failures: string[] = [];
    const client = async (): Promise<void> => {
      for (;;) {
        try {
          given.push(rangeOf(await ask(server.url, '/getid?range=3&mode=file', {agent})));
        } catch (error) {
          // A connection that is closed before its request was accepted loses nothing.
          if (!isStopping) failures.push(String(error));
          return;
        }
      }
    };
    const clients = Array.from({length: 32}, client);
    while (given.length < 2000) await new Promise((resolve) => setTimeout(resolve, 5));
    isStopping = true;
    server.process.kill('SIGTERM');
    await Promise.all(clients);
    agent.destroy();
    expect(await server.finished).toMatchObject({status: 0});
    expect(failures).toEqual([]);
    // A range that was committed and never answered would be a gap before the next integer.
    const {next, ...rest} = flaws(given);
    expect(rest).toEqual({overlaps: [], gaps: []});
    const args = ['getid', '--mode', 'file', '--format', 'plain'];
    const after = await startContainer(image(), {volume, env, args}).finished;
    expect(after).toMatchObject({status: 0, stdout: `${next} ${next}\n`});
  });

  it('runs as any user ID, also one without an account', async () => {
    const volume = makeVolume();
    for (const args of [['dbsync'], ['status'], ['--help']])
      expect(await startContainer(image(), {volume, env, args, user: 4711}).finished).toMatchObject({
        status: 0,
      });
    const server = await serveByContainer(image(), await freePort(), {volume, env, user: 4711});
    expect((await ask(server.url, '/getid?range=1&mode=file')).status).toBe(200);
    server.process.kill('SIGTERM');
    expect(await server.finished).toMatchObject({status: 0});
  });
});
