// Lists the packages that an installation gets or contains: as a CycloneDX document, and by licence.
import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {dashboardPackages} from './dashboard-packages.js';

/**
 * Returns the names and the texts of the two files for a folder with package.json and its lock.
 *
 * `npm sbom --omit=dev` leaves out each package that a development dependency needs too
 * (https://github.com/npm/cli/issues/7909), so this asks a copy that has no development dependencies.
 */
export function billOfMaterials(root) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const {devDependencies} = manifest;
  delete manifest.devDependencies;
  for (const name of dashboardPackages) manifest.dependencies[name] = devDependencies[name];
  const temporary = mkdtempSync(join(tmpdir(), 'uniqueid-bill-'));
  try {
    // npm names the product after its folder.
    const folder = join(temporary, manifest.name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
    npm(folder, 'install', '--package-lock-only', '--offline', '--ignore-scripts', '--no-audit', '--no-fund');
    const format = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
    const text = npm(folder, 'sbom', '--package-lock-only', ...format);
    const base = `${manifest.name}-${manifest.version}`;
    return {[`${base}.cdx.json`]: text, [`${base}.licenses.txt`]: licenceTable(JSON.parse(text).components)};
  } finally {
    rmSync(temporary, {recursive: true, force: true});
  }
}

function npm(folder, ...args) {
  return execFileSync('npm', [...args, '--loglevel', 'error', '--no-update-notifier'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Returns one line per package: its licences, its name and its version. */
function licenceTable(components) {
  const rows = components.map(({name, group, version, licenses = []}) => [
    licenses.map(({license, expression}) => expression ?? license.id ?? license.name).join(', '),
    `${group === undefined ? '' : `${group}/`}${name} ${version}`,
  ]);
  const unknown = rows.filter(([licence]) => licence === '').map(([, name]) => name);
  if (unknown.length > 0) throw new Error(`no licence is known of ${unknown.join(', ')}`);
  const width = Math.max(...rows.map(([licence]) => licence.length));
  return rows
    .map(([licence, name]) => `${licence.padEnd(width)}  ${name}\n`)
    .sort()
    .join('');
}
