import {fieldName, fieldValue} from '../../util/http-field.js';
import {trimEnd, trimStart} from '../../util/text/trim.js';
import type {RequestFacts} from '../observability/request-facts.js';
import {GETID_PATH} from '../http/target.js';
import {GETID_METHODS, FETCH_METADATA_HEADERS} from '../routes/getid.js';

/** The common request for a range, read without an HTTP parser. */
export interface FastPathRequest {
  readonly method: (typeof GETID_METHODS)[number];
  /** The part after `/getid?`. */
  readonly query: string;
  readonly httpVersion: (typeof versions)[number];
  readonly headers: RequestFacts['headers'];
  /** True if the client wants no further answer on this connection. */
  readonly isLast: boolean;
}

/** `node:http` parses longer requests. */
const MAX_REQUEST_BYTES = 4096;

const prefixes = GETID_METHODS.map((method) => [method, `${method} ${GETID_PATH}?`] as const);

const versions = ['1.1', '1.0'] as const;
const VERSION_LENGTH = ' HTTP/1.1'.length;

const visible = /^[!-"$-~]*$/;

const FIELD_SPACE = ' \t';

/** Headers that need more than an answer on this connection, or that a route inspects. */
const unsupportedHeaders = new Set<string>([
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'trailer',
  'http2-settings',
  'proxy-connection',
  'keep-alive',
  ...FETCH_METADATA_HEADERS,
]);

/**
 * Reads the common requests of one connection: `GET` or `POST /getid?…` without a body.
 * Each must be complete in one packet, and alone in it. This reader rejects and corrects nothing:
 * `node:http` judges all that it does not recognize.
 */
export class FastPathReader {
  readonly #isAllowedHost: (host: string | undefined) => boolean;
  /** The header block of the last request; a client usually sends the same one again. */
  #block: string | undefined;
  #headers: RequestFacts['headers'] = {};
  #connection: string | undefined;

  /** @param isAllowedHost called once per header block; must always return the same for the same host */
  constructor(isAllowedHost: (host: string | undefined) => boolean) {
    this.#isAllowedHost = isAllowedHost;
  }

  /** @returns `undefined` if the bytes are not exactly one common request */
  read(bytes: Buffer): FastPathRequest | undefined {
    if (bytes.length > MAX_REQUEST_BYTES) return undefined;
    const text = bytes.toString('latin1');
    const match = prefixes.find(([, each]) => text.startsWith(each));
    const lineEnd = text.indexOf('\r\n');
    if (match === undefined || lineEnd < 0) return undefined;
    const [method, prefix] = match;
    const queryEnd = lineEnd - VERSION_LENGTH;
    const httpVersion = versions.find((each) => text.startsWith(` HTTP/${each}`, queryEnd));
    if (queryEnd < prefix.length || httpVersion === undefined) return undefined;
    const query = text.slice(prefix.length, queryEnd);
    if (!visible.test(query)) return undefined;
    const block = text.slice(lineEnd + 2);
    if (block !== this.#block) {
      const read = readBlock(block);
      if (read === undefined || !this.#isAllowedHost(read.host)) return undefined;
      this.#block = block;
      this.#headers = read.headers;
      this.#connection = read.connection;
    }
    const connection = this.#connection ?? (httpVersion === '1.1' ? 'keep-alive' : 'close');
    // A client of HTTP/1.0 that asks for more than one answer is rare.
    if (httpVersion === '1.0' && connection !== 'close') return undefined;
    return {method, query, httpVersion, headers: this.#headers, isLast: connection === 'close'};
  }
}

interface HeaderBlock {
  readonly host: string | undefined;
  readonly connection: string | undefined;
  readonly headers: RequestFacts['headers'];
}

/** Parses a block that ends in its only empty line; returns `undefined` if any header is unsupported. */
function readBlock(block: string): HeaderBlock | undefined {
  if (!block.endsWith('\r\n\r\n')) return undefined;
  const seen = new Map<string, string>();
  for (const line of block.slice(0, -4).split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    const value = trimStart(trimEnd(line.slice(colon + 1), FIELD_SPACE), FIELD_SPACE);
    if (!fieldName.test(name) || !fieldValue.test(value)) return undefined;
    const key = name.toLowerCase();
    if (unsupportedHeaders.has(key) || (singleValued.includes(key) && seen.has(key))) return undefined;
    seen.set(key, value);
  }
  // Both parsers must agree whether the connection stays open, and at which byte its next request begins.
  const connection = seen.get('connection')?.toLowerCase();
  if (!['keep-alive', 'close', undefined].includes(connection)) return undefined;
  if ((seen.get('content-length') ?? '0') !== '0' || !seen.has('host')) return undefined;
  const headers = {
    authorization: seen.get('authorization'),
    referer: seen.get('referer'),
    'user-agent': seen.get('user-agent'),
    'x-request-id': seen.get('x-request-id'),
  };
  return {host: seen.get('host'), connection, headers};
}

/** Headers whose repetition `node:http` judges. */
const singleValued: readonly string[] = [
  'host',
  'connection',
  'content-length',
  'authorization',
  'referer',
  'user-agent',
  'x-request-id',
];
