import {execFileSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {copyNode, copyNpmSettings, fetchNode} from '../folders/node-prefix.js';
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
 * images. The two images that it starts from are made here, of Debian and of the Node.js that they name.
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
    // The version in the Dockerfile decides, not that of this machine.
    const [, version = ''] = /:([\d.]+)-/.exec(slim) ?? [];
    build(slim, makeSlimContext(folder, version));
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
function makeSlimContext(folder: string, version: string): string {
  const context = join(folder, 'slim');
  run('debootstrap', ['--variant=minbase', 'bookworm', join(context, 'debian'), DEBIAN]);
  copyNode(join(context, 'node', 'usr', 'local'), fetchNode(version, join(folder, 'node')));
  const user = 'groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node';
  writeFileSync(join(context, 'Dockerfile'), `FROM scratch\nADD debian /\nADD node /\nRUN ${user}\n`);
  return context;
}

/** Makes what the whole image adds here: what npm needs to work on this machine. */
function makeWholeContext(folder: string, slim: string): string {
  const context = join(folder, 'whole');
  copyNpmSettings(join(context, 'local'), '/usr/local');
  writeFileSync(join(context, 'Dockerfile'), `FROM ${slim}\nCOPY local /usr/local\n`);
  return context;
}
