import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {manualPages} from '../../scripts/manual/write.js';
import {readManifest} from '../../src/cli/oclif/manifest.js';
import {exitStatusList} from '../../src/cli/help/exit-codes.js';
import {settings} from '../../src/lib/config/settings.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';
import {needs} from '../helpers/run/needs.js';

const pages = manualPages('2026-01-31');
const {commands} = readManifest();

/** Returns the text of a page as a reader sees it, without the escapes of roff. */
const shown = (name: string): string =>
  (pages[name] ?? '').replaceAll(/\\f[A-Z]|\\&/g, '').replaceAll('\\-', '-');

/** Returns all that a program prints about the pages. */
function complaints(program: string, ...args: readonly string[]): string {
  const folder = makeWorkspace();
  for (const [name, text] of Object.entries(pages)) writeFileSync(join(folder, name), text);
  const command = '"$@" 2>&1 || true';
  return execFileSync('sh', ['-c', command, 'sh', program, ...args, ...Object.keys(pages)], {
    cwd: folder,
    encoding: 'utf8',
  });
}

describe('the manual', () => {
  it('has a page of each command with all its flags, and package.json lists the pages', () => {
    const names = [
      'uniqueid.1',
      'uniqueid-config.5',
      ...Object.keys(commands).map((id) => `uniqueid-${id}.1`),
    ];
    expect(Object.keys(pages).sort()).toEqual(names.sort());
    const {man} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {man: readonly string[]};
    expect([...man].sort()).toEqual(names.map((name) => `dist/man/${name}`));
    for (const [id, {flags}] of Object.entries(commands)) {
      expect(shown('uniqueid.1')).toContain(`uniqueid-${id}`);
      for (const {name, char = name} of Object.values(flags)) {
        expect(shown(`uniqueid-${id}.1`)).toContain(`--${name}`);
        expect(shown(`uniqueid-${id}.1`)).toContain(`-${char}`);
      }
    }
  });

  it('lists each setting with its variable, and each exit status', () => {
    for (const {section, key, env} of Object.values(settings)) {
      expect(shown('uniqueid-config.5')).toContain(`.SH [${section}]\n`);
      expect(shown('uniqueid-config.5')).toContain(`\n${key}\n`);
      expect(shown('uniqueid-config.5')).toContain(env);
    }
    for (const {status, meaning} of exitStatusList())
      expect(shown('uniqueid.1')).toContain(`\n${status}\n${meaning}`);
  });

  it('is the same for the same day', () => {
    expect(manualPages('2026-01-31')).toEqual(pages);
    expect(pages['uniqueid.1']).toMatch(/^\.TH UNIQUEID 1 2026-01-31 "UniqueID \d/);
  });

  needs('mandoc').it('has no fault that mandoc finds', () => {
    expect(complaints('mandoc', '-T', 'lint')).toBe('');
  });

  needs('groff').it('has no fault that groff finds', () => {
    expect(complaints('groff', '-ww', '-z', '-man')).toBe('');
  });
});
