import {closeSync, openSync, readSync} from 'node:fs';

const CHUNK_BYTES = 1 << 20;

/** The lines of one history, in order. */
export interface HistoryReader<Line> extends Iterable<Line> {
  /** Returns the incomplete last line of a killed writer, if it exists; known after all lines were read. */
  torn(): string | undefined;
}

/**
 * Reads a history in chunks, so that its length does not matter.
 *
 * @throws Error with file and line number, during iteration, if a line cannot be parsed
 */
export function readHistory<Line>(path: string, parse: (text: string) => Line): HistoryReader<Line> {
  let torn: string | undefined;
  return {
    torn: () => torn,
    *[Symbol.iterator]() {
      let number = 0;
      for (const {text, isWhole} of texts(path)) {
        number++;
        let line: Line;
        try {
          line = parse(text);
        } catch (error) {
          if (!isWhole) {
            torn = text;
            return;
          }
          throw new Error(`${path}:${number}: ${String(error)}`, {cause: error});
        }
        yield line;
      }
    },
  };
}

/** Yields the texts between line ends; the last one is not whole if no line end follows. */
function* texts(path: string): Generator<{text: string; isWhole: boolean}> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const decoder = new TextDecoder();
    let rest = '';
    for (let bytes; (bytes = readSync(file, chunk)) > 0;) {
      const lines = (rest + decoder.decode(chunk.subarray(0, bytes), {stream: true})).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) yield {text, isWhole: true};
    }
    if (rest !== '') yield {text: rest, isWhole: false};
  } finally {
    closeSync(file);
  }
}
