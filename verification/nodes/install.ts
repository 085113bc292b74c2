import {execFileSync} from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {delimiter, dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {fetchNode} from '../../test/helpers/folders/node-prefix.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A version of Node.js with the package installed by its npm. */
export interface Installation {
  /** The exact version, without the letter v. */
  readonly version: string;
  readonly node: string;
  /** Variables with which programs find this Node.js first. */
  readonly env: NodeJS.ProcessEnv;
  /** The folder in whose node_modules the package is. */
  readonly folder: string;
  readonly program: string;
  /** The version of better-sqlite3 that npm chose. */
  readonly driver: string;
}

/** Packs the built package; returns the path of the tarball. */
export function packPackage(folder: string): string {
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  return join(folder, execFileSync('npm', args, {cwd: root, encoding: 'utf8'}).trim());
}

/** Installs a version of Node.js from the registry of npm, and with its help the package. */
export function installUnder(range: string, tarball: string, parent: string): Installation {
  const node = fetchNode(range, join(parent, `node-${range}`));
  const version = execFileSync(node, ['--print', 'process.versions.node'], {encoding: 'utf8'}).trim();
  const path = [dirname(node), process.env['PATH'] ?? ''].join(delimiter);
  // The headers for drivers that are compiled.
  const env = {...process.env, PATH: path, npm_config_nodedir: dirname(dirname(node))};
  const folder = join(parent, `package-${version}`);
  if (!existsSync(folder)) npm(env, makeProject(folder), tarball);
  const {version: driver} = JSON.parse(
    readFileSync(join(folder, 'node_modules', 'better-sqlite3', 'package.json'), 'utf8'),
  ) as {version: string};
  const program = join(folder, 'node_modules', 'uniqueid', 'bin', 'run.js');
  return {version, node, env, folder, program, driver};
}

/** Copies the sources and tests beside packages of this clone, but with the installed SQLite driver. */
export function cloneFor({version, folder}: Installation, parent: string): string {
  const clone = join(parent, `clone-${version}`);
  rmSync(clone, {recursive: true, force: true});
  const isSource = (path: string): boolean => !/^(?:node_modules|\.git)$/.test(relative(root, path));
  cpSync(root, clone, {recursive: true, filter: isSource});
  const packages = join(clone, 'node_modules');
  mkdirSync(packages);
  for (const name of readdirSync(join(root, 'node_modules')))
    symlinkSync(join(name === 'better-sqlite3' ? folder : root, 'node_modules', name), join(packages, name));
  return clone;
}

function makeProject(folder: string): string {
  mkdirSync(folder, {recursive: true});
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}\n');
  return folder;
}

function npm(env: NodeJS.ProcessEnv, cwd: string, what: string): void {
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', what], {cwd, env});
  } catch (error) {
    // A later run must not take a partial installation for a whole one.
    rmSync(cwd, {recursive: true, force: true});
    throw error;
  }
}
