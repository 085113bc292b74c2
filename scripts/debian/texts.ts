// The texts of the Debian package that are made from others.
import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {join, relative} from 'node:path';

/** The settings that the packaged service needs; all others are commented out. */
const packaged: Readonly<Record<string, string>> = {peewee_url: 'sqlite:////var/lib/uniqueid/db.sqlite3'};

/** Comments out all settings of an example file, except for those of the package. */
export function configFile(example: string): string {
  return example.replaceAll(/^([a-z][\w.]*)( ?[=:] ?).*$/gm, (line, key: string, sign: string) => {
    const value = packaged[key];
    if (value === undefined) return `;${line}`;
    return `; Create it as its user: runuser -u uniqueid -- uniqueid dbsync\n${key}${sign}${value}`;
  });
}

export function unitFile(unit: string): string {
  return unit
    .replace(/^ExecStart=uniqueid /m, 'ExecStart=/usr/bin/uniqueid ')
    .replace(/^Documentation=.*$/m, 'Documentation=man:uniqueid-serve(1) man:uniqueid-config(5)');
}

interface ControlFacts {
  readonly version: string;
  readonly architecture: string;
  readonly maintainer: string;
  /** In KiB. */
  readonly installedSize: string;
  readonly depends: string;
}

export function controlFile(facts: ControlFacts): string {
  const {version, architecture, maintainer, installedSize, depends} = facts;
  return `Package: uniqueid
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${installedSize}
Depends: ${depends}, passwd
Suggests: logrotate, mariadb-server, postgresql
Section: net
Priority: optional
Description: command and HTTP service that issue ranges of unique integers
 A client asks for integers of a mode, a named counter such as "file", and
 gets a range that no other client ever gets. Each range is committed to
 SQLite, PostgreSQL, MariaDB or MySQL before the answer leaves.
 .
 It replaces the Python service Pacifica UniqueID in place: the same REST
 API, configuration files and database tables. Node.js is included.
`;
}

/** Debian wants its own format; the entries of the program are in CHANGELOG.md. */
export function debianChangelog(version: string, maintainer: string): string {
  const {SOURCE_DATE_EPOCH: epoch} = process.env;
  const date = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  return `uniqueid (${version}) unstable; urgency=medium

  * CHANGELOG.md lists the changes.

 -- ${maintainer}  ${date.toUTCString().replace('GMT', '+0000')}
`;
}

/** An npm package inside. */
interface Module {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** False if its author ships no file with the text of the licence. */
  readonly hasText: boolean;
}

export function copyrightFile(licence: string, modules: readonly Module[]): string {
  const rows = modules
    .map(({name, version, license, hasText}) => {
      const text = hasText ? '' : ` (no text; see https://spdx.org/licenses/${license}.html)`;
      return `  ${license}: ${name} ${version}${text}\n`;
    })
    .sort();
  return `UniqueID

${licence}

The folder /usr/lib/uniqueid/node_modules has these npm packages, each with the text of its licence:

${rows.join('')}
The folder /usr/lib/uniqueid/dist/dashboard contains parts of more packages; LICENSES.txt there has their
licences.

The Apache License 2.0 is in /usr/share/common-licenses/Apache-2.0.
The file /usr/lib/uniqueid/node is Node.js; node-licence.txt in this folder has its licence.
`;
}

/** Returns the checksums of all files below a folder but the conffiles, for dpkg --verify. */
export function md5sums(tree: string): string {
  return readdirSync(tree, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile())
    .map((entry) => relative(tree, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('etc/'))
    .sort()
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(tree, path)))
          .digest('hex')}  ${path}\n`,
    )
    .join('');
}
