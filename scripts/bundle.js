// Writes dist/cli/start.cjs: everything that a plain `uniqueid getid` needs, in one file. Finding and linking forty
// modules takes Node longer than the allocation does; as CommonJS it also spares the work of making the built-in
// modules look like ECMAScript ones. Packages stay outside, and so does oclif, for all other command lines.
import {build} from 'esbuild';

await build({
  entryPoints: ['src/cli/main.ts'],
  outfile: 'dist/cli/start.cjs',
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  define: {'import.meta.url': 'fileUrl'},
  banner: {js: "const fileUrl = require('node:url').pathToFileURL(__filename).href;"},
  plugins: [
    {
      name: 'oclif-outside',
      setup: ({onResolve}) => {
        onResolve({filter: /\/run-oclif\.js$/}, ({path}) => ({path, external: true}));
      },
    },
  ],
});
