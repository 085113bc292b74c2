import type {Change} from './power-loss.js';

/** The bytes that a drive writes atomically. */
const SECTOR = 512;

/** The fate of unsynced changes when the power fails. */
export type Loss =
  /** All are lost. */
  | 'all'
  /** The last changes of each file are lost, from a random one on. */
  | 'the last'
  /** Random sectors are lost, so later changes may survive earlier ones. */
  | 'any';

type Pending = Extract<Change, {kind: 'write' | 'truncate'}>;

interface File {
  synced: Buffer;
  length: number;
  pending: Pending[];
}

interface Entry {
  readonly name: string;
  /** `undefined` if the name was removed. */
  readonly file: File | undefined;
}

/**
 * A folder on a disk that keeps only synced changes. A sync of a file keeps its contents; a sync of the
 * folder keeps its name. Changes must be applied in their original order.
 */
export class LossyDisk {
  readonly #byInode = new Map<string, File>();
  readonly #entries = new Map<string, File>();
  #pendingEntries: Entry[] = [];

  apply(change: Change): void {
    switch (change.kind) {
      case 'create': {
        const file = {synced: Buffer.alloc(0), length: 0, pending: []};
        // The number may have belonged to a removed file.
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

  /** Counts the changes that a power failure could lose now. */
  get unsynced(): number {
    const files = new Set([...this.#entries.values(), ...this.#byInode.values()]);
    return [...files].reduce((sum, {pending}) => sum + pending.length, this.#pendingEntries.length);
  }

  /**
   * Returns the files on the disk after a power failure now.
   *
   * @param random returns a number from 0 to less than 1
   */
  afterPowerLoss(loss: Loss, random: () => number): ReadonlyMap<string, Buffer> {
    const entries = new Map(this.#entries);
    const kept = choose(loss, this.#pendingEntries.length, random);
    for (const [index, entry] of this.#pendingEntries.entries()) if (kept(index)) setEntry(entries, entry);
    return new Map(Array.from(entries, ([name, file]) => [name, contentsAfter(file, loss, random)]));
  }

  #file(inode: string): File {
    const file = this.#byInode.get(inode);
    if (file === undefined) throw new Error(`file ${inode} has no record of its creation`);
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

/** Chooses which of `count` changes in sequence have reached the disk. */
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

/** The buffer grows faster than the file, and holds zeros after its end. */
function resize(file: File, length: number): void {
  if (length > file.synced.length) {
    const larger = Buffer.alloc(Math.max(length, 2 * file.synced.length));
    file.synced.copy(larger, 0, 0, file.length);
    file.synced = larger;
  } else if (length < file.length) file.synced.fill(0, length, file.length);
  file.length = length;
}
