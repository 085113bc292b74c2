// Builds what ships. Finding and linking a hundred modules takes Node longer than their work, so the modules are bundled;
// packages stay outside.
import {readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

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

// A plain `uniqueid getid` in one CommonJS file, the SQLite driver's JavaScript included: that spares the start of Node's
// loader of ECMAScript modules, and the search for thirteen files.
await build({
  ...shared,
  entryPoints: ['src/cli/main.ts'],
  outfile: 'dist/cli/main.cjs',
  minifyIdentifiers: true,
  format: 'cjs',
  // Stay outside: the drivers that one kind of database needs, and the build above.
  external: ['bindings', 'mysql2', 'postgres', './completion/candidates.js', './oclif/run.js'],
  define: {'import.meta.url': '__filename'},
});
