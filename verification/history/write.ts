import {closeSync, openSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {formatLine, type ClientLine, type EventLine} from './line.js';

const clientFile = /^client-(.+)\.jsonl$/;

/** The name of the file of events in a folder of histories. */
export const eventsFile = 'events.jsonl';

/** Returns the name of a client's file in a folder of histories. */
export function fileOfClient(name: string): string {
  return `client-${name}.jsonl`;
}

/** Returns the client of a file; `undefined` for any other file. */
export function clientOfFile(file: string): string | undefined {
  return clientFile.exec(file)?.[1];
}

/** An append-only history. After `append` returns, the system has the line, which survives the process. */
export interface HistoryWriter<Line extends ClientLine | EventLine> {
  readonly append: (line: Line) => void;
  readonly close: () => void;
}

/** Opens the history of one client, which sends its next request only after the outcome is written. */
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
