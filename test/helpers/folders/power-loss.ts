import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {need} from '../run/needs.js';
import {root} from './workspace.js';

/** A folder with a journal of all its changes and syncs, in their order. */
export interface WatchedFolder {
  readonly path: string;
  /** The variables for programs that change the folder. */
  readonly env: Readonly<Record<string, string>>;
  /** Returns the length of the journal in bytes; all earlier changes lie before it. */
  readonly now: () => number;
  /** Reads all records. */
  readonly records: () => Iterable<Change>;
}

/** One change to a file or to the folder; `until` is the length of the journal including it. */
export type Change = {readonly until: number} & (
  | {readonly kind: 'create'; readonly inode: string; readonly name: string}
  | {readonly kind: 'remove'; readonly name: string}
  | {readonly kind: 'write'; readonly inode: string; readonly offset: number; readonly bytes: Buffer}
  | {readonly kind: 'truncate'; readonly inode: string; readonly length: number}
  | {readonly kind: 'sync'; readonly inode: string}
  | {readonly kind: 'sync folder'}
);

/** Compiles test/helpers/folders/journal.c, and makes an empty folder for it to watch. */
export function watchFolder(workspace: string): WatchedFolder {
  need('cc');
  const [path, library, journal] = ['disk', 'journal.so', 'journal'].map((name) => join(workspace, name)) as [
    string,
    string,
    string,
  ];
  const source = join(root, 'test', 'helpers', 'folders', 'journal.c');
  execFileSync('cc', [
    '-Wall',
    '-Wextra',
    '-Werror',
    '-O1',
    '-shared',
    '-fPIC',
    '-o',
    library,
    source,
    '-ldl',
  ]);
  mkdirSync(path);
  writeFileSync(journal, '');
  return {
    path,
    env: {LD_PRELOAD: library, POWER_LOSS_FOLDER: path, POWER_LOSS_JOURNAL: journal},
    now: () => statSync(journal).size,
    records: () => readChanges(readFileSync(journal)),
  };
}

/** Ignores an incomplete last record: its change did not happen. */
function* readChanges(journal: Buffer): Iterable<Change> {
  for (let at = 0; ;) {
    const end = journal.indexOf('\n', at);
    if (end < 0) return;
    const [kind, first = '', second = '', third = ''] = journal.toString('utf8', at, end).split(' ');
    at = end + 1;
    switch (kind) {
      case 'C':
        yield {kind: 'create', inode: first, name: second, until: at};
        break;
      case 'U':
        yield {kind: 'remove', name: first, until: at};
        break;
      case 'T':
        yield {kind: 'truncate', inode: first, length: Number(second), until: at};
        break;
      case 'S':
        yield {kind: 'sync', inode: first, until: at};
        break;
      case 'D':
        yield {kind: 'sync folder', until: at};
        break;
      case 'W': {
        const bytes = journal.subarray(at, at + Number(third));
        if (bytes.length < Number(third)) return;
        at += bytes.length;
        yield {kind: 'write', inode: first, offset: Number(second), bytes, until: at};
        break;
      }
      case undefined:
      default:
        throw new Error(`the journal has a record of an unknown kind at ${at}`);
    }
  }
}
