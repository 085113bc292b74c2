import type {Change} from './power-loss.js';

/** A drive writes so many bytes whole or not at all. */
const SECTOR = 512;

/** What becomes of the changes that no sync has covered when the power fails. */
export type Loss =
  /** None has reached the disk. */
  | 'all'
  /** Of the changes of each file a first part has. */
  | 'the last'
  /** Any have, sector by sector, later ones without earlier ones. */
  | 'any';

type Pending = Extract<Change, {kind: 'write' | 'truncate'}>;

interface File {
  synced: Buffer;
  length: number;
  pending: Pending[];
}

interface Entry {
  readonly name: string;
  /** `undefined` where the name was removed. */
  readonly file: File | undefined;
}

/**
 * A folder on a disk that keeps only what was synced: the contents of a file by a sync of the file, its name by a sync
 * of the folder. Changes are made in the order in which programs made them; `afterPowerLoss` may be asked at any time.
 */
export class LossyDisk {
  readonly #byInode = new Map<string, File>();
  readonly #entries = new Map<string, File>();
  #pendingEntries: Entry[] = [];

  apply(change: Change): void {
    switch (change.kind) {
      case 'create': {
        const file = {synced: Buffer.alloc(0), length: 0, pending: []};
        // The number of a file that was removed is given to another one.
        this.#byInode.set(change.inode, file);
        this.#pendingEntries.push({name: change.name, file});
        break;
      }
      case 'remove':
        this.#pendingEntries.push({name: change.name, file: undefined});
        break;
      case 'sync folder':
        for (const entry of this.#pendingEntries) setEntry(this.#entries, entry);
        this.#pendingEntries = [];
        break;
      case 'write':
      case 'truncate':
        this.#file(change.inode).pending.push(change);
        break;
      case 'sync': {
        const file = this.#file(change.inode);
        for (const pending of file.pending) write(file, pending, () => true);
        file.pending = [];
        break;
      }
    }
  }

  /** How many changes would be lost if the power failed now. */
  get unsynced(): number {
    const files = new Set([...this.#entries.values(), ...this.#byInode.values()]);
    return [...files].reduce((sum, {pending}) => sum + pending.length, this.#pendingEntries.length);
  }

  /**
   * What the disk holds when the power fails now.
   *
   * @param random answers a number from 0 to less than 1
   */
  afterPowerLoss(loss: Loss, random: () => number): ReadonlyMap<string, Buffer> {
    const entries = new Map(this.#entries);
    const kept = choose(loss, this.#pendingEntries.length, random);
    for (const [index, entry] of this.#pendingEntries.entries()) if (kept(index)) setEntry(entries, entry);
    return new Map(Array.from(entries, ([name, file]) => [name, contentsAfter(file, loss, random)]));
  }

  #file(inode: string): File {
    const file = this.#byInode.get(inode);
    if (file === undefined) throw new Error(`nobody saw file ${inode} being created`);
    return file;
  }
}

function setEntry(entries: Map<string, File>, {name, file}: Entry): void {
  if (file === undefined) entries.delete(name);
  else entries.set(name, file);
}

function contentsAfter(file: File, loss: Loss, random: () => number): Buffer {
  const copy: File = {synced: Buffer.from(file.synced), length: file.length, pending: []};
  const kept = choose(loss, file.pending.length, random);
  for (const [index, pending] of file.pending.entries()) {
    if (loss === 'any') write(copy, pending, () => random() < 0.5);
    else if (kept(index)) write(copy, pending, () => true);
  }
  return copy.synced.subarray(0, copy.length);
}

/** Which of so many changes, one after the other, have reached the disk. */
function choose(loss: Loss, count: number, random: () => number): (index: number) => boolean {
  if (loss === 'all') return () => false;
  if (loss === 'any') return () => random() < 0.5;
  const first = Math.floor(random() * (count + 1));
  return (index) => index < first;
}

function write(file: File, change: Pending, reaches: () => boolean): void {
  if (change.kind === 'truncate') {
    if (!reaches()) return;
    resize(file, change.length);
    return;
  }
  const {offset, bytes} = change;
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, (Math.floor((offset + from) / SECTOR) + 1) * SECTOR - offset);
    if (reaches()) {
      if (offset + to > file.length) resize(file, offset + to);
      bytes.copy(file.synced, offset + from, from, to);
    }
    from = to;
  }
}

/** The buffer grows ahead of the file, and holds zeros behind its end. */
function resize(file: File, length: number): void {
  if (length > file.synced.length) {
    const larger = Buffer.alloc(Math.max(length, 2 * file.synced.length));
    file.synced.copy(larger, 0, 0, file.length);
    file.synced = larger;
  } else if (length < file.length) file.synced.fill(0, length, file.length);
  file.length = length;
}
