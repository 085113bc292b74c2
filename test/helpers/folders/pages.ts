import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {root} from './workspace.js';

/** The paths of all pages of the documentation, relative to the root of the repository. */
export const pageNames: readonly string[] = [
  'README.md',
  ...readdirSync(join(root, 'docs'), {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .sort(),
];

export const readPage = (name: string): string => readFileSync(join(root, name), 'utf8');
