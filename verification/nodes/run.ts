// Installs the packed package under other versions of Node.js, and runs the tests there with the driver that
// npm chose. Exit status: 0 if all passes, 1 if something fails, 2 for usage.
// Run as: npm run nodes [-- [--quick | --all] [--folder PATH] [VERSION ...]]
import {spawnSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {makeGuardedFolder} from '../../test/helpers/folders/guarded-folder.js';
import {checkCommands, checkDriver, collectInService, discardStores} from './checks.js';
import {cloneFor, installUnder, packPackage, type Installation} from './install.js';

/** The oldest supported version, and the newest of each supported line. */
const VERSIONS = ['20.19.0', '22', '24', '26'];
const ENDS = ['20.19.0', '26'];

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {
    // For CI: without the tests of the server and the command line.
    quick: {type: 'boolean', default: false},
    // The whole suite, on the oldest and the newest version.
    all: {type: 'boolean', default: false},
    // Keeps what is installed for the next run.
    folder: {type: 'string'},
  },
});
if (values.quick && values.all) {
  process.stderr.write('Give --quick or --all, not both.\n');
  process.exit(2);
}

const scopes = values.all
  ? [
      ['--project', 'unit', '--project', 'system'],
      ['--project', 'fault', '--maxWorkers', '1'],
    ]
  : [values.quick ? ['test/store/sqlite/'] : ['test/unit/', 'test/store/', 'test/server/', 'test/cli/']];

/** Runs the tests of a scope under an installation. */
function test(installation: Installation, clone: string, scope: readonly string[]): boolean {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', ...scope];
  const options = {cwd: clone, env: installation.env, stdio: 'inherit'} as const;
  return spawnSync(installation.node, args, options).status === 0;
}

async function verify(range: string, tarball: string, parent: string): Promise<void> {
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  const installation = installUnder(range, tarball, parent);
  const name = `Node.js ${installation.version}, better-sqlite3 ${installation.driver}`;
  checkDriver(installation);
  checkCommands(installation);
  print(`${name}: installed, first integers after ${seconds()}`);
  const discarded = discardStores(installation);
  print(`${name}: ${discarded} forced collections of discarded stores`);
  print(`${name}: ${await collectInService(installation)} forced collections of a service under load`);
  const clone = cloneFor(installation, parent);
  const failed = scopes.filter((scope) => !test(installation, clone, scope));
  if (failed.length > 0) throw new Error(`${name}: tests failed in ${failed.flat().join(' ')}`);
  print(`${name}: passed after ${seconds()}`);
}

const temporary = values.folder === undefined ? makeGuardedFolder('nodes') : undefined;
const folder = resolve(values.folder ?? temporary?.path ?? '');
mkdirSync(folder, {recursive: true});
const tarball = packPackage(folder);
for (const range of positionals.length > 0 ? positionals : values.all ? ENDS : VERSIONS) {
  try {
    await verify(range, tarball, folder);
  } catch (error) {
    print(`Node.js ${range} failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
await temporary?.remove();
