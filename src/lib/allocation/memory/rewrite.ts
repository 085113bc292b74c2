import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {mergeLine, type Entry} from './entry.js';
import {formatLine, header, isWritableMode, parseLine, type Line, type Origin} from './lines.js';
import {Tail} from './tail.js';

/** A rewrite that was interrupted this long ago is forgotten. */
const STALE_MS = 60_000;

/** The lines written between two turns of the event loop. */
const LINES_PER_TURN = 2000;

/** The entries of a file, the oldest first. */
type Entries = Map<string, {readonly line: Line; readonly entry: Entry}>;

/**
 * Rewrites a file with one line per mode, and without the oldest modes beyond `maxModes`. Other processes go
 * on appending to the file that it replaces, until they read the line `moved` there. Lines before that one
 * are copied here, and lines after it by the process that reads them.
 */
export async function rewriteMarks(path: string, maxModes: number): Promise<void> {
  const rewritten = `${path}-new`;
  if (!startRewrite(rewritten)) return;
  const old = openSync(path, 'a+');
  try {
    const entries: Entries = new Map();
    const tail = new Tail(old);
    await collect(tail, entries);
    const descriptor = openSync(rewritten, 'a');
    try {
      const {mode, uid, gid} = fstatSync(old);
      fchmodSync(descriptor, mode);
      if (process.getuid?.() === 0) fchownSync(descriptor, uid, gid);
      await writeEntries(descriptor, entries, maxModes);
      const size = BigInt(fstatSync(descriptor).size);
      rmSync(`${path}-old`, {force: true});
      linkSync(path, `${path}-old`);
      renameSync(rewritten, path);
      writeSync(old, `\n${formatLine({kind: 'moved', origin: nowhere, mode: '', next: size})}`);
      const late: Entries = new Map();
      await collect(tail, late);
      await writeEntries(descriptor, late, Infinity);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    rmSync(rewritten, {force: true});
    throw error;
  } finally {
    closeSync(old);
  }
}

const nowhere: Origin = {identity: 0, epoch: 0, place: ''};

/** Creates the new file, which excludes other rewrites. @returns false if another process rewrites now */
function startRewrite(path: string): boolean {
  const stats = statSync(path, {throwIfNoEntry: false});
  if (stats !== undefined && Date.now() - stats.mtimeMs < STALE_MS) return false;
  rmSync(path, {force: true});
  const descriptor = openSync(path, 'wx', 0o600);
  writeSync(descriptor, header);
  closeSync(descriptor);
  return true;
}

async function collect(tail: Tail, entries: Entries): Promise<void> {
  for (let lines = tail.next(); lines !== undefined; lines = tail.next()) {
    for (const text of lines) {
      const line = parseLine(text);
      if (line !== undefined && line.kind !== 'moved' && isWritableMode(line.mode)) add(entries, line);
    }
    await nextTurn();
  }
}

function add(entries: Entries, line: Line): void {
  const {identity, place} = line.origin;
  const key = `${line.kind === 'epoch' ? 'e' : 'm'}\t${identity}\t${place}\t${line.mode}`;
  const entry = mergeLine(entries.get(key)?.entry, line);
  // The newest ones are last.
  entries.delete(key);
  entries.set(key, {line, entry});
}

async function writeEntries(descriptor: number, entries: Entries, maxModes: number): Promise<void> {
  let text = '';
  let index = 0;
  const skipped = entries.size - maxModes;
  for (const {line, entry} of entries.values()) {
    index++;
    if (index <= skipped && line.kind !== 'epoch') continue;
    const {next, epoch, resetEpoch} = entry;
    const kind = line.kind === 'epoch' ? 'epoch' : resetEpoch > 0 ? 'reset' : 'mark';
    const origin = {...line.origin, epoch: kind === 'reset' ? resetEpoch : epoch};
    text += formatLine({kind, origin, mode: line.mode, next});
    if (index % LINES_PER_TURN !== 0) continue;
    writeSync(descriptor, text);
    text = '';
    await nextTurn();
  }
  writeSync(descriptor, `\n${text}`);
}
