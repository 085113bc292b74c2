import {cpSync, mkdtempSync, realpathSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {inject} from 'vitest';
import {atEnd} from '../run/shared.js';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Makes an empty folder for one test; it is removed when the test ends. */
export function makeWorkspace(): string {
  const folder = realpathSync(mkdtempSync(join(inject('workspaces'), 'test-')));
  atEnd(() => {
    rmSync(folder, {recursive: true, force: true});
  });
  return folder;
}

/** Copies a file of test/fixtures into a folder. */
export function copyFixture(name: string, folder: string, as: string = name): string {
  const path = join(folder, as);
  cpSync(join(root, 'test', 'fixtures', name), path);
  return path;
}
