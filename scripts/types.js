// Writes the types of the public API into dist. tsc declares every module that the entry points import. The
// declarations that no public type names are removed again.
import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync, rmdirSync, rmSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = join(root, 'dist');

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {cwd: root, stdio: 'inherit'});

const needed = new Set();
for (const entry of ['index.d.ts', 'client.d.ts']) addWithImports(join(dist, entry));

const declarations = readdirSync(dist, {recursive: true})
  .map((name) => join(dist, name))
  .filter((path) => path.endsWith('.d.ts'));
for (const path of declarations) if (!needed.has(path)) rmSync(path);
removeEmptyFolders(dist);

function addWithImports(path) {
  if (needed.has(path)) return;
  needed.add(path);
  for (const [, specifier] of readFileSync(path, 'utf8').matchAll(
    /(?:from |import\()["'](\.[^"']+)\.js["']/g,
  ))
    addWithImports(join(dirname(path), `${specifier}.d.ts`));
}

function removeEmptyFolders(folder) {
  for (const entry of readdirSync(folder, {withFileTypes: true}))
    if (entry.isDirectory()) removeEmptyFolders(join(folder, entry.name));
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
