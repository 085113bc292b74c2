import {cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli, cliError, logRecords} from '../../helpers/programs/cli.js';
import {failureLines} from '../../helpers/programs/screens.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';

const original = join(root, 'node_modules', 'better-sqlite3');
const {version} = JSON.parse(readFileSync(join(original, 'package.json'), 'utf8')) as {version: string};

/** Makes an installed copy with another SQLite driver. */
function installWith(folder: string, changeDriver: (driver: string) => void): string {
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['bin', 'dist', 'oclif.manifest.json', 'package.json'])
    cpSync(join(root, name), join(folder, name), {recursive: true});
  const packages = join(root, 'node_modules');
  for (const name of readdirSync(packages))
    if (name !== 'better-sqlite3') symlinkSync(join(packages, name), join(folder, 'node_modules', name));
  const driver = join(folder, 'node_modules', 'better-sqlite3');
  mkdirSync(driver);
  for (const name of ['package.json', 'lib'])
    cpSync(join(original, name), join(driver, name), {recursive: true});
  changeDriver(driver);
  return join(folder, 'bin', 'run.js');
}

/** Puts a file in the place of the native part: the same error as for one compiled for another Node. */
function breakNativePart(driver: string): void {
  mkdirSync(join(driver, 'build', 'Release'), {recursive: true});
  writeFileSync(join(driver, 'build', 'Release', 'better_sqlite3.node'), 'no shared object');
}

describe('the SQLite driver', () => {
  it.each([
    ['compiled for another Node.js, as after an upgrade', breakNativePart],
    ['never compiled, as after npm ci --ignore-scripts', () => undefined],
  ])('causes one error with the command that fixes it if it was %s', async (_, changeDriver) => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const program = installWith(makeWorkspace(), changeDriver);
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
      // npm compiles version 12; version 13 brings its native part.
      expect(printed.includes('npm rebuild better-sqlite3')).toBe(Number.parseInt(version, 10) < 13);
      // Neither the words of the dynamic linker nor a stack trace.
      expect(printed).not.toMatch(/invalid ELF|file too short| {4}at /i);
      if (args.includes('--json'))
        expect(JSON.parse(stdout)).toMatchObject({error: {code: 'DRIVER_INCOMPATIBLE'}});
      else if (args[0] === 'serve') expect(logRecords(stderr)).toMatchObject([{code: 'DRIVER_INCOMPATIBLE'}]);
      else expect(stderr).toMatch(failureLines);
    }
  });

  it.runIf(process.versions.node.startsWith('20.'))(
    'of version 13 causes an error on Node 20 instead of a crash',
    async () => {
      const cwd = makeWorkspace();
      await cli(['dbsync'], {cwd});
      const program = installWith(makeWorkspace(), (driver) => {
        const text = readFileSync(join(driver, 'package.json'), 'utf8');
        writeFileSync(
          join(driver, 'package.json'),
          text.replace(/"version": "[^"]*"/, '"version": "13.2.0"'),
        );
        cpSync(join(original, 'build', 'Release'), join(driver, 'build', 'Release'), {recursive: true});
      });
      expect(await cliError(['getid', '-m', 'file'], {cwd, program})).toMatchObject({
        code: 'DRIVER_INCOMPATIBLE',
        message: expect.stringContaining('13.2.0') as unknown,
      });
    },
  );
});
