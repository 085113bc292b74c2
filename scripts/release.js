// Prepares a release: `npm run release -- VERSION [--dry-run] [--no-test]`. Sets the version, stamps the
// changelog, packs the tarball, lists what it installs, commits and tags. Publishes nothing. If a step fails,
// the clone is as before.
import {execFileSync} from 'node:child_process';
import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {billOfMaterials} from './bill-of-materials.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const BRANCH = 'main';
const CHANGELOG = 'CHANGELOG.md';

/** The pages whose examples show the version of the program. */
const pages = ['README.md', 'docs/*.md'];

/** Every file that a release changes, for git; the build writes the version into the manifest. */
const releaseFiles = ['package.json', 'package-lock.json', 'oclif.manifest.json', CHANGELOG, ...pages];

/** A reason to stop, and what to do about it. */
class Rejection extends Error {
  constructor(message, hint, exitStatus = 1) {
    super(message);
    this.hint = hint;
    this.exitStatus = exitStatus;
  }
}

try {
  release(readArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Rejection)) throw error;
  process.stderr.write(`Error: ${error.message}\nTry:   ${error.hint}\n`);
  process.exitCode = error.exitStatus;
}

function release({version, dryRun, skipTests}) {
  const {name, version: current} = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const tag = `v${version}`;
  assertReleasable(version, current, tag);
  const date = new Date().toISOString().slice(0, 10);
  const [tarball, ...bill] = ['tgz', 'cdx.json', 'licenses.txt'].map((type) => `${name}-${version}.${type}`);
  const changes = [
    [`Set version ${version} in package.json and package-lock.json`, () => setVersion(version)],
    [`Move the Unreleased entries of ${CHANGELOG} to [${version}] - ${date}`, () => stamp(version, date)],
    [`Show ${version} in the examples of README.md and docs/`, () => updatePages(current, version)],
    ['Build, which also updates oclif.manifest.json', () => run('npm', 'run', '--silent', 'build')],
    [`Pack ${tarball}`, () => run('npm', 'pack', '--silent', '--ignore-scripts')],
    [`List the packages that it installs, and their licences: ${bill.join(', ')}`, writeBill],
    [`Commit "Release ${version}"`, () => commit(`Release ${version}`)],
    [`Tag ${tag}`, () => run('git', 'tag', '--annotate', '--message', `Release ${version}`, tag)],
  ];
  if (dryRun) {
    const steps = [...(skipTests ? [] : ['Run npm test']), ...changes.map(([title]) => title)];
    process.stdout.write(
      `${steps.map((title, index) => `${index + 1}. ${title}\n`).join('')}Nothing was changed.\n`,
    );
    return;
  }
  // Ctrl-C ends the running child only; its failure then takes the changes back.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
  if (!skipTests) {
    announce('Run npm test');
    run('npm', 'test');
    // The tests take minutes, in which a file may have changed.
    assertCleanTree();
  }
  takeAllOrNone(changes, [tarball, ...bill]);
  process.stdout.write(
    `${tarball} is packed, and ${tag} is committed and tagged here. Nothing was published.\n` +
      `To publish it: git push --atomic origin ${BRANCH} ${tag}\n` +
      'On npm another project has this name: publish the tarball elsewhere, or with a scope.\n',
  );
}

/** @throws Rejection for unknown flags, or unless exactly one SemVer version is given */
function readArguments(args) {
  const usage = 'Run: npm run release -- VERSION [--dry-run] [--no-test]';
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {'dry-run': {type: 'boolean', default: false}, 'no-test': {type: 'boolean', default: false}},
    });
  } catch (error) {
    throw new Rejection(error.message, usage, 2);
  }
  const [version, ...more] = parsed.positionals;
  if (version === undefined || more.length > 0)
    throw new Rejection(`Exactly one version is needed, not ${parsed.positionals.length}.`, usage, 2);
  if (parseVersion(version) === undefined)
    throw new Rejection(
      `VERSION must be a SemVer version without build metadata, not "${version}".`,
      'Give one such as 1.0.0 or 1.1.0-rc.1.',
      2,
    );
  return {
    version,
    // Without `--` in front of it npm keeps the flag for itself and sets this variable.
    dryRun: parsed.values['dry-run'] || process.env.npm_config_dry_run === 'true',
    skipTests: parsed.values['no-test'],
  };
}

/** @throws Rejection for the first condition of a release that is not met; changes nothing */
function assertReleasable(version, current, tag) {
  const branch = read('git', 'rev-parse', '--abbrev-ref', 'HEAD');
  if (branch !== BRANCH)
    throw new Rejection(`The current branch is ${branch}, not ${BRANCH}.`, `Run "git switch ${BRANCH}".`);
  assertCleanTree();
  if (compareVersions(parseVersion(version), parseVersion(current)) <= 0)
    throw new Rejection(
      `Version ${version} is not higher than the current ${current}.`,
      'Choose a higher version.',
    );
  if (read('git', 'tag', '--list', tag) !== '')
    throw new Rejection(
      `The tag ${tag} exists.`,
      `Choose another version, or delete the tag: git tag --delete ${tag}`,
    );
  const {entries, headings} = readChangelog();
  if (headings.includes(version))
    throw new Rejection(`${CHANGELOG} already has a section [${version}].`, 'Choose another version.');
  if (entries === undefined || !/^[-*] \S/m.test(entries))
    throw new Rejection(
      `${CHANGELOG} has no ${entries === undefined ? '' : 'entry in its '}section [Unreleased].`,
      'List there, under "## [Unreleased]", what users will notice: "- What changed."',
    );
}

function assertCleanTree() {
  const changed = read('git', 'status', '--porcelain');
  if (changed !== '')
    throw new Rejection(`The work tree has uncommitted changes:\n${changed}`, 'Commit or stash them.');
}

/** Takes the changes in order. If one fails, restores the files, the branch and the tags as they were. */
function takeAllOrNone(changes, made) {
  const start = read('git', 'rev-parse', 'HEAD');
  try {
    for (const [title, change] of changes) {
      announce(title);
      change();
    }
  } catch (error) {
    // The tag is the last change, so a failure leaves none.
    read('git', 'reset', '--quiet', '--soft', start);
    read('git', 'restore', '--source', start, '--staged', '--worktree', '--', ...releaseFiles);
    for (const file of made) rmSync(root + file, {force: true});
    process.stderr.write(
      'The release failed; files and branch are as before. Only dist/ may be a newer build.\n',
    );
    throw error;
  }
}

function setVersion(version) {
  run('npm', 'version', '--silent', '--no-git-tag-version', '--ignore-scripts', version);
}

function writeBill() {
  let files;
  try {
    files = billOfMaterials(root);
  } catch (error) {
    const hint = 'Correct what its message names, and run the release again.';
    throw new Rejection(`The packages cannot be listed: ${error.message}`, hint);
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(root + file, text);
}

function stamp(version, date) {
  const text = readFileSync(root + CHANGELOG, 'utf8');
  const stamped = text.replace(/^## \[Unreleased\]$/m, () => `## [Unreleased]\n\n## [${version}] - ${date}`);
  writeFileSync(root + CHANGELOG, stamped);
}

/** Replaces the version in program output and in names of the tarball; leaves every other text alone. */
function updatePages(current, version) {
  const shown = new RegExp(
    `("version": ?"|UniqueID |uniqueid[-_])${current.replaceAll('.', '[.]')}(?![0-9-])`,
    'g',
  );
  for (const page of read('git', 'ls-files', '--', ...pages).split('\n')) {
    const text = readFileSync(root + page, 'utf8');
    writeFileSync(root + page, text.replaceAll(shown, `$1${version}`));
  }
}

function commit(subject) {
  run('git', 'commit', '--quiet', '--message', subject, '--', ...releaseFiles);
}

/** Returns the text of the Unreleased section, if it exists, and the names of all sections. */
function readChangelog() {
  const [, ...sections] = readFileSync(root + CHANGELOG, 'utf8').split(/^## /m);
  const byName = new Map(sections.map((text) => [/^\[([^\]]+)\]/.exec(text)?.[1] ?? '', text]));
  return {entries: byName.get('Unreleased'), headings: [...byName.keys()]};
}

/** Parses a version by https://semver.org, without build metadata; returns `undefined` for other text. */
function parseVersion(text) {
  const number = '(0|[1-9][0-9]*)';
  const identifier = '(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)';
  const pattern = `^${number}\\.${number}\\.${number}(?:-(${identifier}(?:\\.${identifier})*))?$`;
  const match = new RegExp(pattern).exec(text);
  if (match === null) return undefined;
  const [, major, minor, patch, prerelease] = match;
  return {numbers: [major, minor, patch].map(Number), prerelease: prerelease?.split('.') ?? []};
}

/** Compares two versions by the precedence of SemVer: negative if `a` is lower, 0 if they are equal. */
function compareVersions(a, b) {
  for (const [index, number] of a.numbers.entries())
    if (number !== b.numbers[index]) return number - b.numbers[index];
  // A version is higher than its pre-releases.
  if (a.prerelease.length === 0 || b.prerelease.length === 0)
    return b.prerelease.length - a.prerelease.length;
  for (const [index, identifier] of a.prerelease.entries()) {
    const order = compareIdentifiers(identifier, b.prerelease[index]);
    if (order !== 0) return order;
  }
  return a.prerelease.length - b.prerelease.length;
}

function compareIdentifiers(a, b) {
  if (a === b) return 0;
  // The longer of two lists with the same beginning is higher.
  if (b === undefined) return 1;
  const [aIsNumber, bIsNumber] = [a, b].map((text) => /^[0-9]+$/.test(text));
  if (aIsNumber && bIsNumber) return Number(a) - Number(b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return a < b ? -1 : 1;
}

function announce(title) {
  process.stdout.write(`${title}\n`);
}

/** Runs a program that shows its own output. @throws Rejection if it fails */
function run(program, ...args) {
  try {
    execFileSync(program, args, {
      cwd: root,
      // Npm prints a notice of a newer npm at most once a day.
      env: {...process.env, npm_config_update_notifier: 'false'},
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } catch (error) {
    throw failureOf(program, args, error);
  }
}

/** Runs a program and returns its output without the last newline. @throws Rejection if it fails */
function read(program, ...args) {
  try {
    return execFileSync(program, args, {cwd: root, encoding: 'utf8'}).replace(/\n$/, '');
  } catch (error) {
    throw failureOf(program, args, error);
  }
}

function failureOf(program, args, {status, signal, message}) {
  const how = signal
    ? `was ended by ${signal}`
    : typeof status === 'number'
      ? `failed with status ${status}`
      : `failed: ${message}`;
  const command = [program, ...args].join(' ');
  return new Rejection(`"${command}" ${how}.`, 'Correct what its output names, and run the release again.');
}
