import {execFileSync} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, {encoding: 'utf8'}).trim();

/** Installs a version of Node.js from the registry of npm into a folder. @returns the path of the program */
export function fetchNode(range: string, folder: string): string {
  const name = `node-${process.platform}-${process.arch}`;
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(node)) return node;
  mkdirSync(folder, {recursive: true});
  writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${range}`];
  try {
    execFileSync('npm', args, {cwd: folder, stdio: 'ignore'});
  } catch (error) {
    // A later run must not take a partial installation for a whole one.
    rmSync(folder, {recursive: true, force: true});
    throw error;
  }
  return node;
}

/** Copies a Node.js, and the npm of this machine, below a prefix of another root folder. */
export function copyNode(prefix: string, node = process.execPath): void {
  mkdirSync(join(prefix, 'bin'), {recursive: true});
  cpSync(node, join(prefix, 'bin', 'node'), {dereference: true});
  const modules = join(prefix, 'lib', 'node_modules');
  cpSync(join(run('npm', 'root', '--global'), 'npm'), join(modules, 'npm'), {recursive: true});
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(prefix, 'bin', name));
}

/**
 * Gives npm its registry, authorities, and the headers of Node.js for compilers, as on this machine.
 *
 * @param prefix the folder that gets the files
 * @param seenAs its path in the other root folder
 */
export function copyNpmSettings(prefix: string, seenAs: string): void {
  mkdirSync(join(prefix, 'etc'), {recursive: true});
  const settings = [`registry=${run('npm', 'config', 'get', 'registry')}`];
  const headers = join(dirname(process.execPath), '..', 'include', 'node');
  if (existsSync(headers)) {
    cpSync(realpathSync(headers), join(prefix, 'include', 'node'), {recursive: true});
    settings.push(`nodedir=${seenAs}`);
  }
  const authorities = process.env['NODE_EXTRA_CA_CERTS'];
  if (authorities !== undefined) {
    cpSync(realpathSync(authorities), join(prefix, 'etc', 'authorities.crt'));
    settings.push(`cafile=${join(seenAs, 'etc', 'authorities.crt')}`);
  }
  writeFileSync(join(prefix, 'etc', 'npmrc'), settings.map((line) => `${line}\n`).join(''));
}
