import {execFileSync} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {root} from '../folders/workspace.js';
import {stages} from '../programs/dockerfile.js';

const DEBIAN = 'http://deb.debian.org/debian';

/** An image in a store of its own. */
export interface Image {
  /** Its file system, mounted. */
  readonly rootfs: string;
  readonly sizeBytes: number;
  readonly config: ImageConfig;
}

/** The configuration of an image, in Docker's format. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Volumes: Readonly<Record<string, object>>;
  readonly Healthcheck: {readonly Test: readonly string[]};
}

const run = (program: string, args: readonly string[]): string =>
  execFileSync(program, args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28});

/**
 * Builds the image from the project's Dockerfile, without a container engine and without a registry of
 * images. The two images that it starts from are made here, of Debian and of this machine's Node.js.
 *
 * @param folder keeps the images; those of Debian and Node.js in it are used again
 */
export function buildImage(folder: string): Image {
  const buildah = (...args: string[]): string => {
    const stores = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run')];
    return run('buildah', ['--storage-driver', 'vfs', ...stores, ...args]);
  };
  const build = (tag: string, context: string): void => {
    // Docker's format keeps the health check.
    const options = ['--isolation', 'chroot', '--pull=never', '--format', 'docker', '--no-cache'];
    buildah('build', ...options, '--tag', tag, context);
  };
  const [whole = '', slim = ''] = stages().map(({from}) => `docker.io/library/${from.getImage() ?? ''}`);
  if (!buildah('images', '--format', '{{.Name}}:{{.Tag}}').includes(whole)) {
    build(slim, makeSlimContext(folder));
    build(whole, makeWholeContext(folder, slim));
  }
  build('uniqueid', root);
  const {Docker} = JSON.parse(buildah('inspect', '--type', 'image', 'uniqueid')) as {
    Docker: {config: ImageConfig};
  };
  const container = buildah('from', '--pull=never', 'uniqueid').trim();
  const rootfs = buildah('mount', container).trim();
  return {rootfs, sizeBytes: sizeOf(rootfs), config: Docker.config};
}

function sizeOf(path: string): number {
  return Number(run('du', ['--summarize', '--bytes', '--one-file-system', path]).split('\t')[0]);
}

/** Makes what the slim image of Node.js has: Debian, Node.js, npm and the user `node`. */
function makeSlimContext(folder: string): string {
  const context = join(folder, 'slim');
  const prefix = join(context, 'node', 'usr', 'local');
  mkdirSync(join(prefix, 'bin'), {recursive: true});
  run('debootstrap', ['--variant=minbase', 'bookworm', join(context, 'debian'), DEBIAN]);
  cpSync(process.execPath, join(prefix, 'bin', 'node'));
  cpSync(npmFolder(), join(prefix, 'lib', 'node_modules', 'npm'), {recursive: true});
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(prefix, 'bin', name));
  const user = 'groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node';
  writeFileSync(join(context, 'Dockerfile'), `FROM scratch\nADD debian /\nADD node /\nRUN ${user}\n`);
  return context;
}

/** Makes what the whole image adds: a compiler, Python, and what npm needs to work on this machine. */
function makeWholeContext(folder: string, slim: string): string {
  const context = join(folder, 'whole');
  const local = join(context, 'local');
  mkdirSync(join(local, 'etc'), {recursive: true});
  const settings = [`registry=${run('npm', ['config', 'get', 'registry']).trim()}`];
  const headers = join(dirname(process.execPath), '..', 'include', 'node');
  if (existsSync(headers)) {
    cpSync(realpathSync(headers), join(local, 'include', 'node'), {recursive: true});
    settings.push('nodedir=/usr/local');
  }
  const authorities = process.env['NODE_EXTRA_CA_CERTS'];
  if (authorities !== undefined) {
    cpSync(realpathSync(authorities), join(local, 'etc', 'authorities.crt'));
    settings.push('cafile=/usr/local/etc/authorities.crt');
  }
  writeFileSync(join(local, 'etc', 'npmrc'), settings.map((line) => `${line}\n`).join(''));
  const install = 'apt-get update && apt-get install --yes --no-install-recommends g++ make python3';
  writeFileSync(join(context, 'Dockerfile'), `FROM ${slim}\nRUN ${install}\nCOPY local /usr/local\n`);
  return context;
}

const npmFolder = (): string => join(run('npm', ['root', '--global']).trim(), 'npm');
