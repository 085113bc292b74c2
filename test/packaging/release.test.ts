import {execFileSync, spawnSync} from 'node:child_process';
import {chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

const changelog = `# Changelog

## [Unreleased]

### Added

- A first entry.
`;

/** The scripts of the package, in a form that takes no time. */
const quickScripts = {
  'test.cjs': `require('node:fs').writeFileSync('tested.log', '');\n`,
  'build.cjs': `const {version} = require('./package.json');
require('node:fs').writeFileSync('oclif.manifest.json', JSON.stringify({version}) + '\\n');\n`,
};

/** A clone of a small repository, on its branch main, that holds what a release reads and changes. */
class Clone {
  readonly folder: string;
  readonly #home = makeWorkspace();

  constructor() {
    const origin = join(this.#home, 'origin');
    this.folder = join(this.#home, 'clone');
    mkdirSync(join(origin, 'scripts'), {recursive: true});
    mkdirSync(join(origin, 'docs', 'use'), {recursive: true});
    const scripts = ['release.js', 'bill-of-materials.js', 'dashboard-packages.js'].map((name) =>
      join('scripts', name),
    );
    for (const name of ['package-lock.json', '.gitignore', ...scripts])
      cpSync(join(root, name), join(origin, name));
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
    const commands = {test: 'node test.cjs', build: 'node build.cjs', release: 'node scripts/release.js'};
    const files = {
      ...quickScripts,
      'package.json': `${JSON.stringify({...manifest, version: '0.1.0', scripts: commands}, null, 2)}\n`,
      'oclif.manifest.json': '{"version":"0.1.0"}\n',
      'README.md': 'UniqueID 0.1.0 answers at http://127.0.0.1:8051/getid\n',
      'docs/use/rest-api.md': '{"version": "0.1.0"}, uniqueid-0.1.0.tgz, SQLite 0.1.0\n',
      'CHANGELOG.md': changelog,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(origin, name), text);
    this.#run('git', ['init', '--quiet', '--initial-branch', 'main'], origin);
    this.#run('git', ['add', '--all'], origin);
    this.#run('git', ['commit', '--quiet', '--message', 'First'], origin);
    this.#run('git', ['clone', '--quiet', origin, this.folder], this.#home);
  }

  git(...args: string[]): string {
    return this.#run('git', args, this.folder).trimEnd();
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  has(name: string): boolean {
    return existsSync(join(this.folder, name));
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Commits a file with another text. */
  commit(name: string, text: string): void {
    this.write(name, text);
    this.git('add', name);
    this.git('commit', '--quiet', '--message', `Change ${name}`);
  }

  /** Makes git reject every further commit. */
  rejectCommits(): void {
    this.write('.git/hooks/pre-commit', '#!/bin/sh\nexit 1\n');
    chmodSync(join(this.folder, '.git', 'hooks', 'pre-commit'), 0o755);
  }

  release(...args: string[]): {status: number | null; stdout: string; stderr: string} {
    return spawnSync(process.execPath, ['scripts/release.js', ...args], this.#options(this.folder));
  }

  releaseByNpm(...args: string[]): {status: number | null; stdout: string} {
    return spawnSync('npm', ['run', 'release', ...args], this.#options(this.folder));
  }

  /** Returns everything that a failed release must leave unchanged. */
  state(): unknown {
    return {
      branches: this.git('branch', '--all', '--verbose'),
      tags: this.git('tag', '--list'),
      changes: this.git('status', '--porcelain'),
      made: ['tgz', 'cdx.json', 'licenses.txt'].filter((type) => this.has(`uniqueid-1.0.0.${type}`)),
    };
  }

  #run(program: string, args: readonly string[], cwd: string): string {
    return execFileSync(program, args, this.#options(cwd));
  }

  #options(cwd: string): {cwd: string; encoding: 'utf8'; env: NodeJS.ProcessEnv} {
    const person = Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((who) => [
        [`GIT_${who}_NAME`, 'Ann'],
        [`GIT_${who}_EMAIL`, 'ann@example.org'],
      ]),
    ) as Record<string, string>;
    const env = {PATH: process.env['PATH'], HOME: this.#home, GIT_CONFIG_NOSYSTEM: '1', ...person};
    return {cwd, encoding: 'utf8', env};
  }
}

describe('npm run release', {timeout: 180_000}, () => {
  it('sets the version everywhere, packs the tarball, commits and tags, and publishes nothing', () => {
    const clone = new Clone();
    const origin = clone.git('ls-remote', 'origin');
    const {status, stdout, stderr} = clone.release('1.0.0');
    expect({status, stderr}).toEqual({status: 0, stderr: ''});
    expect(stdout).toContain('Run npm test');
    expect(clone.has('tested.log')).toBe(true);
    expect(clone.git('log', '--format=%s', '-1')).toBe('Release 1.0.0');
    expect(clone.git('rev-parse', 'v1.0.0^{commit}')).toBe(clone.git('rev-parse', 'main'));
    expect(clone.git('status', '--porcelain')).toBe('');
    expect(clone.git('ls-remote', 'origin')).toBe(origin);
    expect(JSON.parse(clone.read('package.json'))).toMatchObject({version: '1.0.0'});
    expect(JSON.parse(clone.read('package-lock.json'))).toMatchObject({version: '1.0.0'});
    expect(JSON.parse(clone.read('oclif.manifest.json'))).toEqual({version: '1.0.0'});
    const date = new Date().toISOString().slice(0, 10);
    expect(clone.read('CHANGELOG.md')).toBe(
      changelog.replace('## [Unreleased]\n', `## [Unreleased]\n\n## [1.0.0] - ${date}\n`),
    );
    expect(clone.read('README.md')).toContain('UniqueID 1.0.0 answers');
    expect(clone.read('docs/use/rest-api.md')).toBe(
      '{"version": "1.0.0"}, uniqueid-1.0.0.tgz, SQLite 0.1.0\n',
    );
    const unpack = ['-xzOf', join(clone.folder, 'uniqueid-1.0.0.tgz'), 'package/package.json'];
    expect(JSON.parse(execFileSync('tar', unpack, {encoding: 'utf8'}))).toMatchObject({version: '1.0.0'});
  });

  it('lists all packages that an installation gets, and their licences', () => {
    const clone = new Clone();
    expect(clone.release('1.0.0', '--no-test').status).toBe(0);
    const {metadata, components} = JSON.parse(clone.read('uniqueid-1.0.0.cdx.json')) as {
      metadata: {component: {name: string; version: string}};
      components: {name: string; version: string}[];
    };
    expect(metadata.component).toMatchObject({name: 'uniqueid', version: '1.0.0'});
    const installed = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable', '--long'], {
      cwd: root,
      encoding: 'utf8',
    })
      .split('\n')
      .map((line) => line.split(':')[1] ?? '')
      .filter((name) => name !== '' && !name.startsWith('uniqueid@'));
    const listed = components.map(({name, version}) => `${name}@${version}`);
    const contained = listed.filter((name) => !installed.includes(name));
    expect(contained.map((name) => name.replace(/@.*/, '')).sort()).toEqual(['morphdom', 'uplot']);
    expect([...new Set(listed)].sort()).toEqual([...new Set([...installed, ...contained])].sort());
    const licences = clone.read('uniqueid-1.0.0.licenses.txt');
    for (const name of new Set(listed)) expect(licences).toContain(`  ${name.replace(/(?<=.)@/, ' ')}\n`);
    expect(licences).toMatch(/^MIT +better-sqlite3 \d/m);
  });

  it('releases again from its own result: a pre-release, then the version itself', () => {
    const clone = new Clone();
    expect(clone.release('1.0.0-rc.1', '--no-test').status).toBe(0);
    clone.commit('CHANGELOG.md', clone.read('CHANGELOG.md').replace(']\n', ']\n\n- A second entry.\n'));
    expect(clone.release('1.0.0', '--no-test').status).toBe(0);
    expect(clone.git('tag', '--list').split('\n')).toEqual(['v1.0.0', 'v1.0.0-rc.1']);
    expect(clone.has('tested.log')).toBe(false);
  });

  it('prints the steps with --dry-run, and changes nothing', () => {
    const clone = new Clone();
    const before = clone.state();
    const {status, stdout} = clone.release('1.0.0', '--dry-run');
    expect(status).toBe(0);
    expect(stdout.match(/^\d\. /gm)).toHaveLength(9);
    expect(stdout).toContain('Commit "Release 1.0.0"');
    expect(clone.state()).toEqual(before);
    expect(clone.has('tested.log')).toBe(false);
  });

  it('changes nothing if npm takes --dry-run for itself', () => {
    const clone = new Clone();
    const before = clone.state();
    const {status, stdout} = clone.releaseByNpm('1.0.0', '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toContain('Nothing was changed.');
    expect(clone.state()).toEqual(before);
  });
});

/** A case that must be rejected, with what its message names. */
interface RejectedCase {
  readonly name: string;
  readonly args?: readonly string[];
  readonly prepare?: (clone: Clone) => void;
  readonly status?: number;
  readonly names: string;
}

const rejectedCases: readonly RejectedCase[] = [
  {name: 'no version', args: [], status: 2, names: 'npm run release -- VERSION'},
  {name: 'two versions', args: ['1.0.0', '1.0.1'], status: 2, names: 'npm run release -- VERSION'},
  {name: 'an unknown flag', args: ['1.0.0', '--publish'], status: 2, names: '--publish'},
  {name: 'a version that is not SemVer', args: ['v1.0'], status: 2, names: '"v1.0"'},
  {name: 'the current version', args: ['0.1.0'], names: '0.1.0'},
  {name: 'a lower version', args: ['0.0.9'], names: '0.0.9'},
  {name: 'a pre-release of the current version', args: ['0.1.0-rc.1'], names: '0.1.0-rc.1'},
  {
    name: 'a lower pre-release',
    args: ['1.0.0-rc.9'],
    prepare: (clone) => {
      const text = clone.read('package.json');
      clone.commit('package.json', text.replace('"version": "0.1.0"', '"version": "1.0.0-rc.10"'));
    },
    names: '1.0.0-rc.10',
  },
  {
    name: 'uncommitted changes',
    prepare: (clone) => {
      clone.write('README.md', 'changed');
    },
    names: 'README.md',
  },
  {
    name: 'an untracked file',
    prepare: (clone) => {
      clone.write('notes.txt', '');
    },
    names: 'notes.txt',
  },
  {
    name: 'another branch',
    prepare: (clone) => clone.git('switch', '--quiet', '--create', 'other'),
    names: 'other',
  },
  {name: 'a detached HEAD', prepare: (clone) => clone.git('switch', '--quiet', '--detach'), names: 'main'},
  {name: 'a tag that exists', prepare: (clone) => clone.git('tag', 'v1.0.0'), names: 'v1.0.0'},
  {
    name: 'a changelog without entries',
    prepare: (clone) => {
      clone.commit('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n### Added\n\n## [0.1.0]\n\n- Old.\n');
    },
    names: 'CHANGELOG.md',
  },
  {
    name: 'a changelog without an Unreleased section',
    prepare: (clone) => {
      clone.commit('CHANGELOG.md', '# Changelog\n\n- Old.\n');
    },
    names: '[Unreleased]',
  },
  {
    name: 'a changelog that has the version',
    prepare: (clone) => {
      clone.commit('CHANGELOG.md', `${changelog}\n## [1.0.0]\n`);
    },
    names: '[1.0.0]',
  },
  {
    name: 'failing tests',
    prepare: (clone) => {
      clone.commit('test.cjs', 'process.exitCode = 1;\n');
    },
    names: 'npm test',
  },
];

describe('npm run release rejects', {timeout: 180_000}, () => {
  it.each(rejectedCases)('$name, and changes nothing', ({args = ['1.0.0'], prepare, status = 1, names}) => {
    const clone = new Clone();
    prepare?.(clone);
    const before = clone.state();
    const result = clone.release(...args);
    expect(result.status).toBe(status);
    expect(result.stderr).toMatch(/^Error: [^]+\nTry: {3}\S/m);
    expect(result.stderr).toContain(names);
    expect(clone.state()).toEqual(before);
  });

  it('a file that changed while the tests ran, and keeps the change', () => {
    const clone = new Clone();
    clone.commit('test.cjs', `require('node:fs').writeFileSync('README.md', 'edited');\n`);
    const {status, stderr} = clone.release('1.0.0');
    expect(status).toBe(1);
    expect(stderr).toContain('README.md');
    expect(clone.read('README.md')).toBe('edited');
    expect(clone.git('log', '--format=%s', '-1')).toBe('Change test.cjs');
  });
});

describe('npm run release restores everything if', {timeout: 180_000}, () => {
  it.each([
    {
      step: 'the build fails',
      prepare: (clone: Clone) => {
        clone.commit('build.cjs', 'process.exitCode = 1;\n');
      },
    },
    {
      step: 'the tarball cannot be packed',
      prepare: (clone: Clone) => {
        clone.commit('build.cjs', `require('node:fs').writeFileSync('package.json', 'no JSON');\n`);
      },
    },
    {
      step: 'git rejects the commit',
      prepare: (clone: Clone) => {
        clone.rejectCommits();
      },
    },
    {
      step: 'git rejects the tag',
      prepare: (clone: Clone) => {
        // A tag v1.0.0 would need a folder of the name of this one.
        clone.git('tag', 'v1.0.0/other');
      },
    },
  ])('$step', ({prepare}) => {
    const clone = new Clone();
    prepare(clone);
    const before = clone.state();
    const {status, stderr} = clone.release('1.0.0', '--no-test');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Error: .+\nTry: {3}\S/m);
    expect(clone.state()).toEqual(before);
    expect(clone.read('CHANGELOG.md')).toBe(changelog);
    expect(clone.read('README.md')).toContain('0.1.0');
  });
});
