// Makes the Debian package: `npm run package [-- --output FOLDER --compression none]`. It holds the build,
// its production dependencies with the compiled SQLite driver, and the Node.js that runs this script.
import {execFileSync} from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join, relative, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {gzipSync} from 'node:zlib';
import {configFile, controlFile, copyrightFile, debianChangelog, md5sums, unitFile} from './texts.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const here = fileURLToPath(new URL('./', import.meta.url));
const HOME = 'usr/lib/uniqueid';
const DOCS = 'usr/share/doc/uniqueid';
const LICENCE_TEXT = /^(?:licen[cs]e|copying|notice)/i;
const SCRIPTS = ['usr/bin/uniqueid', 'usr/bin/pacifica-uniqueid', 'usr/bin/pacifica-uniqueid-cmd'];

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const read = (program, ...args) => execFileSync(program, args, {cwd: root, encoding: 'utf8'}).trim();

const {values: options} = parseArgs({
  options: {output: {type: 'string', default: root}, compression: {type: 'string', default: 'xz'}},
});
// dpkg-deb rejects folders that only their owner may read.
process.umask(0o022);
const staging = mkdtempSync(join(tmpdir(), 'uniqueid-deb-'));
try {
  process.stdout.write(`${makePackage()}\n`);
} finally {
  rmSync(staging, {recursive: true, force: true});
}

/** Returns the path of the package. */
function makePackage() {
  const tree = join(staging, 'tree');
  addProgram(tree);
  const modules = addModules(tree);
  addNode(tree);
  addSystemFiles(tree);
  addManual(tree);
  // The sort order of Debian places a tilde before the end of a version, as SemVer does with a pre-release.
  const version = manifest.version.replace('-', '~');
  const {DEBFULLNAME: person = 'UniqueID', DEBEMAIL: address = 'uniqueid@localhost'} = process.env;
  const maintainer = `${person} <${address}>`;
  const licence = readFileSync(join(root, 'LICENSE'), 'utf8');
  write(tree, `${DOCS}/copyright`, copyrightFile(licence, modules));
  write(tree, `${DOCS}/node-licence.txt`, nodeLicence());
  write(tree, `${DOCS}/changelog.gz`, gzip(debianChangelog(version, maintainer)));
  setModes(tree);
  const architecture = read('dpkg', '--print-architecture');
  const installedSize = read('du', '--summarize', '--apparent-size', '--block-size=1024', tree).split(
    '\t',
  )[0];
  const facts = {version, architecture, maintainer, installedSize, depends: librariesOf(tree)};
  addControl(tree, controlFile(facts));
  const path = join(resolve(options.output), `uniqueid_${version}_${architecture}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', `-Z${options.compression}`, '--build', tree, path]);
  return path;
}

/** Copies what npm would publish; the documentation goes where Debian has it. */
function addProgram(tree) {
  const [{files}] = JSON.parse(read('npm', 'pack', '--dry-run', '--json', '--ignore-scripts'));
  for (const {path} of files) {
    if (path === 'LICENSE' || path.startsWith('dist/man/')) continue;
    const isPage = path.startsWith('docs/') || /^[A-Z]+\.md$/.test(path);
    cpSync(join(root, path), join(tree, isPage ? DOCS : HOME, path));
  }
}

/** Copies each production dependency without what only its build needs; returns their names and licences. */
function addModules(tree) {
  const [, ...folders] = read('npm', 'ls', '--omit=dev', '--all', '--parseable').split('\n');
  return folders.map((folder) => {
    const filter = (path) => !isBuildFile(relative(folder, path));
    cpSync(folder, join(tree, HOME, relative(root, folder)), {recursive: true, filter});
    const {name, version, license} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return {name, version, license, hasText: readdirSync(folder).some((file) => LICENCE_TEXT.test(file))};
  });
}

/** Returns true for sources, types, objects, binaries for other machines, and modules of the list itself. */
function isBuildFile(path) {
  const name = basename(path);
  if (LICENCE_TEXT.test(name)) return false;
  const [, machine] = /^((?:darwin|linux|linuxmusl|win32)-\w+)(?:\.node)?$/.exec(name) ?? [];
  return (
    /^(?:\..+|node_modules|obj|obj\.target|test_extension\.node)$/.test(name) ||
    /\.(?:[cm]?ts|map|md|markdown|cc?|cpp|h|hpp|o|a|gypi?|mk|tar\.gz)$|^Makefile$/.test(name) ||
    (machine !== undefined && machine !== `${process.platform}-${process.arch}`)
  );
}

function addNode(tree) {
  const node = join(tree, HOME, 'node');
  cpSync(process.execPath, node, {dereference: true});
  execFileSync('strip', ['--strip-unneeded', node]);
  for (const module of binariesOf(tree)) execFileSync('strip', ['--strip-unneeded', module]);
}

function addSystemFiles(tree) {
  for (const path of SCRIPTS) write(tree, path, readFileSync(join(here, basename(path))));
  write(tree, 'etc/logrotate.d/uniqueid', readFileSync(join(here, 'uniqueid.logrotate')));
  for (const name of ['config', 'cpconfig']) {
    const example = readFileSync(join(root, 'docs', `${name}.example.ini`), 'utf8');
    write(tree, `etc/uniqueid/${name}.ini`, configFile(example));
  }
  for (const name of ['uniqueid.service', 'uniqueid.socket']) {
    const unit = readFileSync(join(root, 'docs', 'systemd', name), 'utf8');
    write(tree, `usr/lib/systemd/system/${name}`, unitFile(unit));
  }
  const completions = {
    bash: 'bash-completion/completions/uniqueid',
    zsh: 'zsh/vendor-completions/_uniqueid',
    fish: 'fish/vendor_completions.d/uniqueid.fish',
  };
  for (const [shell, path] of Object.entries(completions)) {
    const script = execFileSync(process.execPath, [join(root, 'bin', 'run.js'), 'completion', shell]);
    write(tree, `usr/share/${path}`, script);
  }
  write(tree, 'usr/share/lintian/overrides/uniqueid', readFileSync(join(here, 'lintian-overrides')));
}

function addManual(tree) {
  const pages = {
    ...Object.fromEntries(manifest.man.map((path) => [basename(path), readFileSync(join(root, path))])),
    'pacifica-uniqueid.1': readFileSync(join(here, 'pacifica-uniqueid.1')),
    'pacifica-uniqueid-cmd.1': '.so man1/pacifica-uniqueid.1\n',
  };
  for (const [name, text] of Object.entries(pages))
    write(tree, `usr/share/man/man${name.at(-1)}/${name}.gz`, gzip(text));
}

function addControl(tree, control) {
  const sums = md5sums(tree);
  write(tree, 'DEBIAN/control', control);
  write(tree, 'DEBIAN/md5sums', sums);
  const conffiles = ['logrotate.d/uniqueid', 'uniqueid/config.ini', 'uniqueid/cpconfig.ini'];
  write(tree, 'DEBIAN/conffiles', conffiles.map((path) => `/etc/${path}\n`).join(''));
  for (const script of ['postinst', 'prerm', 'postrm']) {
    write(tree, `DEBIAN/${script}`, readFileSync(join(here, script)));
    execFileSync('chmod', ['755', join(tree, 'DEBIAN', script)]);
  }
}

/** Returns the Debian packages with the shared libraries that Node.js and the driver need. */
function librariesOf(tree) {
  const folder = join(staging, 'libraries');
  mkdirSync(join(folder, 'debian'), {recursive: true});
  writeFileSync(
    join(folder, 'debian', 'control'),
    'Source: uniqueid\n\nPackage: uniqueid\nArchitecture: any\n',
  );
  const binaries = [join(tree, HOME, 'node'), ...binariesOf(tree)];
  const found = execFileSync('dpkg-shlibdeps', ['-O', ...binaries], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return /^shlibs:Depends=(.+)$/m.exec(found)[1];
}

function binariesOf(tree) {
  return read('find', join(tree, HOME), '-name', '*.node').split('\n').filter(Boolean);
}

function setModes(tree) {
  execFileSync('chmod', ['--recursive', 'u=rwX,go=rX', tree]);
  execFileSync('find', [tree, '-type', 'f', '-exec', 'chmod', '644', '{}', '+']);
  execFileSync('chmod', ['755', join(tree, HOME, 'node'), ...SCRIPTS.map((path) => join(tree, path))]);
}

/** Returns the licence of the Node.js that the package contains, which lies beside it. */
function nodeLicence() {
  const prefix = dirname(dirname(process.execPath));
  const path = [join(prefix, 'LICENSE'), join(prefix, 'share', 'doc', 'nodejs', 'LICENSE')].find(existsSync);
  if (path === undefined)
    throw new Error(`no LICENSE of Node.js in ${prefix}; unpack its whole archive there`);
  return readFileSync(path, 'utf8');
}

function write(tree, path, contents) {
  mkdirSync(dirname(join(tree, path)), {recursive: true});
  writeFileSync(join(tree, path), contents);
}

/** Compresses without a time, so that the same text gives the same file. */
function gzip(text) {
  return gzipSync(text, {level: 9});
}
