import {execFileSync} from 'node:child_process';
import {chmodSync, existsSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {TestProject} from 'vitest/node';
import {makeGuardedFolder} from '../folders/guarded-folder.js';
import {MISSING_FILE} from './missing-file.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** URLs of the servers that all test files share with separate databases; empty for none. */
    postgresUrl: string;
    mysqlUrl: string;
    /** The parent of the folders of tests. */
    workspaces: string;
  }
}

/** Compiles the commands, because tests run them as users do, and makes the parent of the tests' folders. */
export default function setup(project: TestProject): () => Promise<void> {
  for (const file of ['config.ini', 'cpconfig.ini'].map((name) => `/etc/uniqueid/${name}`)) {
    // Every command of the tests would read it.
    if (existsSync(file)) throw new Error(`move ${file} away while the tests run`);
  }
  // A running test that lists tests must not have its own programs replaced.
  if (process.env['UNIQUEID_TEST_LIST'] !== '1') compile();
  const workspaces = makeGuardedFolder('tests');
  // Some tests act as another user.
  chmodSync(workspaces.path, 0o755);
  // Test processes inherit it and append to the file; the reporter reads it.
  process.env[MISSING_FILE] = join(workspaces.path, 'missing');
  project.provide('workspaces', workspaces.path);
  // Projects with tests of databases override these in database-servers.ts.
  project.provide('postgresUrl', '');
  project.provide('mysqlUrl', '');
  return () => workspaces.remove();
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

function compile(): void {
  execFileSync(process.execPath, [join(root, 'scripts', 'bundle.js')], {cwd: root, stdio: 'inherit'});
}
