import {cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli, logRecords} from '../../helpers/programs/cli.js';
import {failureLines} from '../../helpers/programs/screens.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';

/** Makes an installed copy whose compiled SQLite driver Node cannot load. */
function installWithoutDriver(folder: string, isCompiled: boolean): string {
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['bin', 'dist', 'oclif.manifest.json', 'package.json'])
    cpSync(join(root, name), join(folder, name), {recursive: true});
  const packages = join(root, 'node_modules');
  for (const name of readdirSync(packages))
    if (name !== 'better-sqlite3') symlinkSync(join(packages, name), join(folder, 'node_modules', name));
  const driver = join(folder, 'node_modules', 'better-sqlite3');
  mkdirSync(driver);
  for (const name of ['package.json', 'lib'])
    cpSync(join(packages, 'better-sqlite3', name), join(driver, name), {recursive: true});
  if (!isCompiled) return join(folder, 'bin', 'run.js');
  mkdirSync(join(driver, 'build', 'Release'), {recursive: true});
  // The same error code as for one compiled for another Node: ERR_DLOPEN_FAILED.
  writeFileSync(join(driver, 'build', 'Release', 'better_sqlite3.node'), 'no shared object');
  return join(folder, 'bin', 'run.js');
}

describe('the SQLite driver', () => {
  it.each([
    ['compiled for another Node.js, as after an upgrade', true],
    ['never compiled, as after npm ci --ignore-scripts', false],
  ])('causes one error with the command that fixes it if it was %s', async (_, isCompiled) => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const program = installWithoutDriver(makeWorkspace(), isCompiled);
    for (const args of [
      ['getid', '-m', 'file'],
      ['getid', '-m', 'file', '--format=list', '--json'],
      ['serve', '--port', '0'],
      ['status'],
      ['dbsync'],
    ]) {
      const {status, stdout, stderr} = await cli(args, {cwd, program});
      const printed = stdout + stderr;
      expect(status, printed).toBe(1);
      expect(printed).toContain('npm rebuild better-sqlite3');
      // Neither the words of the dynamic linker nor a stack trace.
      expect(printed).not.toMatch(/invalid ELF|file too short| {4}at /i);
      if (args.includes('--json'))
        expect(JSON.parse(stdout)).toMatchObject({error: {code: 'DRIVER_INCOMPATIBLE'}});
      else if (args[0] === 'serve') expect(logRecords(stderr)).toMatchObject([{code: 'DRIVER_INCOMPATIBLE'}]);
      else expect(stderr).toMatch(failureLines);
    }
  });
});
