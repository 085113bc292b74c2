import {closeSync, openSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {formatLine, type ClientLine, type EventLine} from './line.js';

const clientFile = /^client-(.+)\.jsonl$/;

/** The file of the events in a folder of histories. */
export const eventsFile = 'events.jsonl';

/** The file of a client in a folder of histories. */
export function fileOfClient(name: string): string {
  return `client-${name}.jsonl`;
}

/** The client whose file this is; `undefined` for any other file. */
export function clientOfFile(file: string): string | undefined {
  return clientFile.exec(file)?.[1];
}

/** A history that only grows. A line is with the system when `append` returns, and outlives the process. */
export interface HistoryWriter<Line extends ClientLine | EventLine> {
  readonly append: (line: Line) => void;
  readonly close: () => void;
}

/** The history of one client: it asks again only when what it was answered is written. */
export function writeClient(folder: string, name: string): HistoryWriter<ClientLine> {
  return open(join(folder, fileOfClient(name)));
}

export function writeEvents(folder: string): HistoryWriter<EventLine> {
  return open(join(folder, eventsFile));
}

function open(path: string): HistoryWriter<ClientLine | EventLine> {
  const file = openSync(path, 'ax');
  return {
    append: (line) => {
      writeSync(file, formatLine(line));
    },
    close: () => {
      closeSync(file);
    },
  };
}
