// Builds a clone that `npm install --global .` installs: npm only links the folder, and installs none of its
// dependencies. Builds a git dependency too. Skips `npm ci`, which only needs the packages.
import {spawnSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Runs npm in the clone; without the settings that make the outer npm install elsewhere. */
function npm(...args) {
  const isElsewhere = (name) => /^npm_config_(?:global|location|local_prefix|prefix)$/i.test(name);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isElsewhere(name)));
  const {status} = spawnSync(process.execPath, [process.env.npm_execpath, ...args], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

const isGlobal = process.env.npm_config_global === 'true';
const isBuilt = existsSync(new URL('../dist/cli/main.cjs', import.meta.url));
const hasSources = existsSync(new URL('../src', import.meta.url));

if (hasSources && process.env.npm_command !== 'ci' && (isGlobal || !isBuilt)) {
  if (!existsSync(new URL('../node_modules/esbuild', import.meta.url))) npm('ci');
  npm('run', '--silent', 'build');
}
