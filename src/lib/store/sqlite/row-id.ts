/**
 * Ids that no request can name: SQLite keeps any bytes that another program put there. Such a row is shown as the SQL that names it, which can be used to look at it and to page past it; a mode that is written like
 * that SQL is shown so as well, so that no two rows look alike.
 */

/** An id by its type in SQLite, `text` or `blob`, and its bytes. */
export interface RawId {
  readonly type: string;
  readonly bytes: Buffer;
}

const blobLiteral = /^x'((?:[0-9A-F]{2})*)'$/;
const textLiteral = /^CAST\(x'((?:[0-9A-F]{2})*)' AS TEXT\)$/;

/** Whether a value that the driver read stands for the row as it is: text that it did not have to mend. */
export function isPlainId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && !id.includes('\uFFFD') && parseRawId(id) === undefined;
}

export function plainId(mode: string): RawId {
  return {type: 'text', bytes: Buffer.from(mode, 'utf8')};
}

export function showRawId({type, bytes}: RawId): string {
  const text = bytes.toString('utf8');
  const isText = type === 'text' && text !== '' && Buffer.from(text).equals(bytes);
  if (isText && parseRawId(text) === undefined) return text;
  const literal = `x'${bytes.toString('hex').toUpperCase()}'`;
  return type === 'blob' ? literal : `CAST(${literal} AS TEXT)`;
}

/** Reads what `showRawId` writes for a row that is no plain mode; `undefined` for any other text. */
export function parseRawId(shown: string): RawId | undefined {
  const blob = blobLiteral.exec(shown)?.[1];
  if (blob !== undefined) return {type: 'blob', bytes: Buffer.from(blob, 'hex')};
  const text = textLiteral.exec(shown)?.[1];
  return text === undefined ? undefined : {type: 'text', bytes: Buffer.from(text, 'hex')};
}
