// Builds the shipped files. Node needs longer to find and link a hundred modules than to run them, so the
// modules are bundled; packages are not.
import {readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {dashboardPackages} from './dashboard-packages.js';

const root = fileURLToPath(new URL('../', import.meta.url));

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  minifyWhitespace: true,
  minifySyntax: true,
};

await build({
  ...shared,
  entryPoints: [
    'src/index.ts',
    'src/client.ts',
    'src/cli/oclif/run.ts',
    'src/cli/completion/candidates.ts',
    'src/lib/store/sqlite/thread/thread.ts',
    ...readdirSync(new URL('../src/commands', import.meta.url)).map((name) => `src/commands/${name}`),
  ],
  outdir: 'dist',
  outbase: 'src',
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  // oclif shows the names of classes.
  keepNames: true,
  format: 'esm',
  packages: 'external',
});

// Puts a plain `uniqueid getid` into one CommonJS file, which avoids the start-up of Node's ES module loader.
await build({
  ...shared,
  entryPoints: ['src/cli/main.ts'],
  outfile: 'dist/cli/main.cjs',
  minifyIdentifiers: true,
  format: 'cjs',
  // Not included: the database drivers, which npm chooses for the user's Node.js, and the entry points of the
  // build above.
  external: ['better-sqlite3', 'mysql2', 'postgres', './completion/candidates.js', './oclif/run.js'],
  define: {'import.meta.url': '__filename'},
});

// The page of the dashboard: one script and one style sheet, which the service puts into the page.
const {metafile} = await build({
  ...shared,
  entryPoints: ['src/dashboard/main.ts', 'src/dashboard/main.css'],
  outdir: 'dist/dashboard',
  platform: 'browser',
  target: ['chrome109', 'firefox102', 'safari16'],
  minifyIdentifiers: true,
  format: 'iife',
  charset: 'utf8',
  legalComments: 'none',
  metafile: true,
});

// The page contains parts of these packages, and their licences ask for their text beside it.
const included = new Set(
  Object.keys(metafile.inputs).flatMap(
    (path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  ),
);
if ([...included].sort().join() !== dashboardPackages.join())
  throw new Error(`the dashboard contains ${[...included].join(', ')}: correct dashboard-packages.js`);
writeFileSync(
  `${root}dist/dashboard/LICENSES.txt`,
  dashboardPackages
    .map((name) => `${name}\n\n${readFileSync(`${root}node_modules/${name}/LICENSE`, 'utf8').trim()}\n`)
    .join('\n\n'),
);
