import {isUtf8} from 'node:buffer';
import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs';

/** Far larger than any configuration, list of tokens or chain of certificates. */
const MAX_FILE_BYTES = 1_048_576;

/** The hint for every `UnreadableFile`. */
export const READ_HINT =
  'Use a regular file of UTF-8 text, at most 1 MB, that the user running UniqueID can read.';

const CHUNK_BYTES = 65_536;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  ENOTDIR: 'part of its path is not a folder',
  ENXIO: 'not a regular file',
};

/** Reports a file that cannot be read; the message is the reason, as the end of a sentence. */
export class UnreadableFile extends Error {
  constructor(
    message: string,
    readonly isMissing = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Reads a regular file of at most `maxBytes`. Rejects pipes and devices: they could block, or never end.
 *
 * @throws UnreadableFile
 */
export function readBytes(path: string, maxBytes = MAX_FILE_BYTES): Buffer {
  let descriptor: number | undefined;
  try {
    // Without O_NONBLOCK the system waits for a writer to open a named pipe.
    const {O_RDONLY, O_NONBLOCK, O_NOCTTY} = constants;
    descriptor = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw new UnreadableFile('it is a folder, not a file');
    if (!stats.isFile()) throw new UnreadableFile('not a regular file');
    return readAll(descriptor, maxBytes);
  } catch (error) {
    if (error instanceof UnreadableFile) throw error;
    const {code = ''} = error as NodeJS.ErrnoException;
    throw new UnreadableFile(reasons[code] ?? code, code === 'ENOENT', {cause: error});
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Reads a regular file of UTF-8 text.
 *
 * @throws UnreadableFile
 */
export function readText(path: string, maxBytes = MAX_FILE_BYTES): string {
  const bytes = readBytes(path, maxBytes);
  if (!isUtf8(bytes)) throw new UnreadableFile(`line ${lineBeyondUtf8(bytes)} is not UTF-8 text`);
  return bytes.toString('utf8');
}

/** Checks the limit while reading: the system reports size 0 for generated files, such as those of /proc. */
function readAll(descriptor: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  for (let length = 0; ;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = readSync(descriptor, chunk);
    if (count === 0) return Buffer.concat(chunks, length);
    chunks.push(chunk.subarray(0, count));
    length += count;
    if (length > maxBytes) throw new UnreadableFile(`it is larger than ${maxBytes / 1_048_576} MB`);
  }
}

/** Splits at newline bytes, which no other character of UTF-8 contains. */
function lineBeyondUtf8(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; ; line++) {
    const end = bytes.indexOf('\n', start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
}
