// Writes dist/cli/start.cjs: everything that a plain `uniqueid getid` needs, in one file. Finding and linking forty
// modules takes Node longer than the allocation does; as CommonJS it also spares the work of making the built-in
// modules look like ECMAScript ones. Packages stay outside.
import {build} from 'esbuild';

/** Modules for people and for other command lines: they are loaded from where they are, when they are wanted. */
const outside = /\/(?:ask|pick-mode|run-oclif|sync-tasks)\.js$/;

/** Packages that CommonJS may load; one that is only an ECMAScript module belongs to a module outside. */
const packages = ['better-sqlite3', 'ini', 'lossless-json', 'mysql2/promise', 'postgres'];

const {metafile} = await build({
  entryPoints: ['src/cli/main.ts'],
  outfile: 'dist/cli/start.cjs',
  bundle: true,
  metafile: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  define: {'import.meta.url': 'fileUrl'},
  banner: {js: "const fileUrl = require('node:url').pathToFileURL(__filename).href;"},
  plugins: [
    {
      name: 'outside',
      setup: ({onResolve}) => {
        onResolve({filter: outside}, ({path}) => ({path, external: true}));
      },
    },
  ],
});

const loaded = Object.values(metafile.outputs).flatMap(({imports}) => imports.map(({path}) => path));
const unknown = loaded.filter(
  (path) => !path.startsWith('node:') && !outside.test(path) && !packages.includes(path),
);
if (unknown.length > 0) throw new Error(`dist/cli/start.cjs must not load ${unknown.join(', ')}`);
