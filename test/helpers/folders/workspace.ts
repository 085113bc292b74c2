import {cpSync, mkdtempSync, realpathSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {inject, onTestFinished} from 'vitest';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** An empty folder of the running test alone; gone when the test is over. */
export function makeWorkspace(): string {
  const folder = realpathSync(mkdtempSync(join(inject('workspaces'), 'test-')));
  onTestFinished(() => {
    rmSync(folder, {recursive: true, force: true});
  });
  return folder;
}

/** Puts a copy of a file of test/fixtures into a folder. */
export function copyFixture(name: string, folder: string, as: string = name): string {
  const path = join(folder, as);
  cpSync(join(root, 'test', 'fixtures', name), path);
  return path;
}
