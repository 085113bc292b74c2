// Bundles what tsc has compiled one by one: finding and linking a hundred modules takes Node longer than their work.
//
// dist/cli/start.cjs is everything that a plain `uniqueid getid` needs, in one CommonJS file: that also spares the start of
// Node's loader of ECMAScript modules. All other command lines go through dist/cli/run-oclif.js and dist/commands/, which
// share what they have in common in dist/chunks/.
import {readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {isBuiltin} from 'node:module';
import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));
const src = join(root, 'src');

/** For people and for other command lines than a plain getid: loaded when they are wanted, from where they are. */
const outside = /\/(?:ask|pick-mode|run-oclif|service-status|sync-tasks)\.js$/;

/** Packages with a compiled part, or loaded for one kind of database alone. */
const external = ['better-sqlite3', 'mysql2', 'postgres'];

/** What start.cjs may load beside them; what is only an ECMAScript module belongs to a module outside. */
const loadable = [
  'better-sqlite3/build/Release/better_sqlite3.node',
  'better-sqlite3/package.json',
  'bindings',
  'lossless-json',
  'mysql2/promise',
  'postgres',
];

const binding = fileURLToPath(new URL('native-binding.cjs', import.meta.url));

const shared = {
  absWorkingDir: root,
  bundle: true,
  metafile: true,
  platform: 'node',
  target: 'node20.19',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
};

/** What CommonJS packages take for granted. */
const forCommonJs = {
  js: `import {createRequire as makeRequire} from 'node:module'; import {fileURLToPath as toPath} from 'node:url';
const require = makeRequire(import.meta.url), __filename = toPath(import.meta.url), __dirname = toPath(new URL('.', import.meta.url));`,
};

/** A module finds files by its own place in dist, and keeps that inside a bundle: all bundles lie one folder deep. */
const keepPlaces = {
  name: 'keep places',
  setup: ({onLoad}) => {
    onLoad({filter: /\.ts$/}, ({path}) => {
      const place = relative(src, path).replaceAll('\\', '/').replace(/\.ts$/, '.js');
      const own = `new URL(${JSON.stringify(`../${place}`)}, import.meta.url).href`;
      return {contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', own), loader: 'ts'};
    });
  },
};

/** Packages that a plain getid nearly always needs. */
const inlined = ['better-sqlite3', 'quick-lru'];

/** Takes in the packages that are inlined, and leaves others where they are. */
const leaveOut = {
  name: 'leave out',
  setup: ({onResolve}) => {
    onResolve({filter: outside}, ({path}) => ({path, external: true}));
    onResolve({filter: /^bindings$/}, ({importer}) =>
      importer === binding ? {path: 'bindings', external: true} : {path: binding},
    );
    onResolve({filter: /^[a-z@]/}, ({path, kind}) =>
      kind === 'entry-point' || inlined.includes(path) ? undefined : {path, external: true},
    );
  },
};

const plain = await build({
  ...shared,
  entryPoints: ['src/cli/main.ts'],
  outfile: 'dist/cli/start.cjs',
  minifyIdentifiers: true,
  format: 'cjs',
  define: {'import.meta.url': 'fileUrl'},
  banner: {js: "const fileUrl = require('node:url').pathToFileURL(__filename).href;"},
  plugins: [keepPlaces, leaveOut],
});

const loaded = Object.values(plain.metafile.outputs).flatMap(({imports}) => imports.map(({path}) => path));
const unknown = loaded.filter((path) => !isBuiltin(path) && !outside.test(path) && !loadable.includes(path));
if (unknown.length > 0) throw new Error(`dist/cli/start.cjs must not load ${unknown.join(', ')}`);

rmSync(join(root, 'dist', 'chunks'), {recursive: true, force: true});
const commands = await build({
  ...shared,
  entryPoints: [
    'src/cli/run-oclif.ts',
    ...readdirSync(join(src, 'commands')).map((name) => `src/commands/${name}`),
  ],
  outdir: 'dist',
  outbase: 'src',
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  // oclif and others look at the names of their classes.
  keepNames: true,
  format: 'esm',
  external: [...external, 'typescript'],
  banner: forCommonJs,
  plugins: [keepPlaces],
});

// The thread that a server's SQLite store works on, in the place of what tsc has made of it.
const thread = await build({
  ...shared,
  entryPoints: ['src/lib/store/sqlite/thread.ts'],
  outfile: 'dist/lib/store/sqlite/thread.js',
  allowOverwrite: true,
  format: 'esm',
  banner: forCommonJs,
  plugins: [leaveOut],
});

/** The folders of the packages that a bundle holds. */
const packages = new Set(
  [plain, commands, thread]
    .flatMap(({metafile}) => Object.keys(metafile.inputs))
    .flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
);

/** Their licences ask to be kept with every copy. */
const licences = [...packages].sort().map((folder) => {
  const files = readdirSync(join(root, folder)).filter((name) => /^licen[cs]e/i.test(name));
  const texts = files.map((name) => readFileSync(join(root, folder, name), 'utf8').trim());
  const {name, version, license} = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
});
writeFileSync(join(root, 'dist', 'third-party-licences.txt'), licences.join(`\n${'-'.repeat(72)}\n\n`));
