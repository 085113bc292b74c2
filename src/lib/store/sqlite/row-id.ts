/**
 * Ids that no request can name: SQLite stores any bytes that another program wrote. Such a row is shown as an
 * SQL literal, which can be used to read the row and to page past it. A mode that looks like such a literal
 * is shown as one too, so that no two rows look the same.
 */

/** An id: its SQLite type, `text` or `blob`, and its bytes. */
export interface RawId {
  readonly type: string;
  readonly bytes: Buffer;
}

const blobLiteral = /^x'((?:[0-9A-F]{2})*)'$/;
const textLiteral = /^CAST\(x'((?:[0-9A-F]{2})*)' AS TEXT\)$/;

/** Returns true if an id can be shown as the driver read it. The driver replaces invalid UTF-8 by U+FFFD. */
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

/** Parses an SQL literal from `showRawId`; returns `undefined` for any other text. */
export function parseRawId(shown: string): RawId | undefined {
  const blob = blobLiteral.exec(shown)?.[1];
  if (blob !== undefined) return {type: 'blob', bytes: Buffer.from(blob, 'hex')};
  const text = textLiteral.exec(shown)?.[1];
  return text === undefined ? undefined : {type: 'text', bytes: Buffer.from(text, 'hex')};
}
