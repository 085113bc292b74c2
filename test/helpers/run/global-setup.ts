import {execFileSync} from 'node:child_process';
import {chmodSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {TestProject} from 'vitest/node';
import {makeGuardedFolder} from '../folders/guarded-folder.js';
import {MISSING_FILE} from './missing-file.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** URLs of the servers that all test files share, each through databases of its own; empty where there is none. */
    postgresUrl: string;
    mysqlUrl: string;
    /** Where the tests make their folders. */
    workspaces: string;
  }
}

/** Compiles the commands, which are tested as users run them, and makes the folder of the tests' folders. */
export default function setup(project: TestProject): () => Promise<void> {
  compile();
  const workspaces = makeGuardedFolder('tests');
  // Some tests act as another user.
  chmodSync(workspaces.path, 0o755);
  // Inherited by the processes of the tests, which append to it; the reporter reads it.
  process.env[MISSING_FILE] = join(workspaces.path, 'missing');
  project.provide('workspaces', workspaces.path);
  // Projects with tests of databases provide them by database-servers.ts.
  project.provide('postgresUrl', '');
  project.provide('mysqlUrl', '');
  return () => workspaces.remove();
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

function compile(): void {
  execFileSync(process.execPath, [join(root, 'scripts', 'bundle.js')], {cwd: root, stdio: 'inherit'});
}
