import {chownSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {startProgram, untilAnnounced, type RunningCommand, type RunningServer} from '../programs/cli.js';
import {makeWorkspace} from '../folders/workspace.js';
import type {Image} from './buildah.js';

/** How a container differs from what its image says. */
export interface ContainerOptions {
  /** The folder of the machine that is its volume; belongs to the user of the container afterwards. */
  readonly volume: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The user ID, if not that of the image. */
  readonly user?: number;
  /** The arguments after the entry point, if not those of the image. */
  readonly args?: readonly string[];
}

/** The user ID of `node`, which the image names. */
const NODE_USER = 1000;

/** Runs the image as PID 1: with a read-only root, no capabilities, and the network of the machine. */
export function startContainer({rootfs, config}: Image, options: ContainerOptions): RunningCommand {
  const {volume, env = {}, user = NODE_USER, args = config.Cmd} = options;
  const bundle = makeWorkspace();
  chownSync(volume, user, user);
  mkdirSync(join(bundle, 'state'));
  const variables = Object.entries({HOME: user === NODE_USER ? '/home/node' : '/', ...env});
  const spec = {
    ociVersion: '1.0.2',
    process: {
      user: {uid: user, gid: user},
      args: [...config.Entrypoint, ...args],
      env: [...config.Env, ...variables.map(([name, value]) => `${name}=${value}`)],
      cwd: config.WorkingDir,
      capabilities: {},
      noNewPrivileges: true,
    },
    root: {path: rootfs, readonly: true},
    mounts: [
      {destination: '/proc', type: 'proc', source: 'proc'},
      {destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755']},
      {destination: '/tmp', type: 'tmpfs', source: 'tmpfs'},
      {destination: config.WorkingDir, type: 'bind', source: volume, options: ['rbind', 'rw']},
    ],
    linux: {namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({type}))},
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
  // runc passes signals on to PID 1 of the container.
  const command = [
    '--root',
    join(bundle, 'state'),
    'run',
    '--bundle',
    bundle,
    `uniqueid-${process.pid}-${Date.now()}`,
  ];
  return startProgram('runc', command, {cwd: bundle});
}

/** Starts the service of the image on a free port of loopback, and waits until it answers. */
export async function serveByContainer(
  image: Image,
  port: number,
  options: ContainerOptions,
): Promise<RunningServer> {
  const env = {UNIQUEID_ADDRESS: '127.0.0.1', UNIQUEID_PORT: String(port), ...options.env};
  const command = startContainer(image, {...options, env});
  return {...command, url: await untilAnnounced(command)};
}
