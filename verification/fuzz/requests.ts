import {counters} from './modes.js';
import type {Random} from '../../test/helpers/random.js';

/** The largest count that is requested and allowed. */
export const MAX_RANGE = 1000;

/** The host names that both servers answer to. */
export const HOSTS = 'a, ids, ids.example';

/** Header lines of real clients. */
const clients: readonly string[] = [
  'Host: 127.0.0.1:8051\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n',
  'Host: localhost:8051\r\nUser-Agent: python-requests/2.31.0\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n',
  'host: a\r\nconnection: keep-alive\r\n',
  'Host: ids\r\nAuthorization: Bearer 0123456789abcdef\r\nReferer: http://a/?b=c\r\n',
  'Host: a\r\nContent-Length: 0\r\nX-Forwarded-For: 10.0.0.1\r\n',
  'Host:\r\n',
  'Host: rebound.example:8051\r\nAccept: */*\r\n',
  'Host: A.:80\r\nOrigin: http://a\r\n',
  'Host: a\r\nX-Request-Id: ingest-7.1\r\n',
  'Host: a\r\nX-Request-Id: not one id\r\nX-Request-Id: second\r\n',
  'Host: a\r\nX-Odd: \xe9\t"\\ \r\nX-Empty:\r\n',
];

/** Header lines of a client that sends one request. */
const lastRequest =
  'Accept-Encoding: identity\r\nHost: ids.example\r\nUser-Agent: Python-urllib/3.11\r\nConnection: close\r\n';

/** Lines that change the meaning of a request, or make it meaningless. */
export const trickyLines: readonly string[] = [
  'Content-Length: 5\r\n',
  'Content-Length: 5\r\nContent-Length: 6\r\n',
  'Content-Length: 0\r\nContent-Length: 0\r\n',
  'Content-Length: 00\r\n',
  'Content-Length: +0\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 0x5\r\n',
  'Content-Length: 0, 0\r\n',
  'Content-Length: 18446744073709551616\r\n',
  'Content-Length : 0\r\n',
  'Content-Length:\r\n',
  'Content-Length\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding: chunked, identity\r\n',
  'Transfer-Encoding:\x0bchunked\r\n',
  'Transfer-Encoding: xchunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
  'Transfer-Encoding\t: chunked\r\n',
  ' Transfer-Encoding: chunked\r\n',
  'X: y\r\n Transfer-Encoding: chunked\r\n',
  'X: y\r\n\tz\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, close\r\n',
  'Connection: Keep-Alive\r\n',
  'Connection: upgrade\r\nUpgrade: websocket\r\n',
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
  'Connection:\r\n',
  'Connection: x\r\n',
  'Keep-Alive: timeout=1\r\n',
  'Proxy-Connection: close\r\n',
  'Expect: 100-continue\r\n',
  'Expect: 200-ok\r\n',
  'Expect:\r\n',
  'TE: trailers\r\n',
  'Trailer: X\r\n',
  'Host: b\r\n',
  'HOST: a\r\n',
  'Purpose: prefetch\r\n',
  'Sec-Purpose: prefetch;prerender\r\n',
  'X-Moz: preview\r\n',
  'Authorization: Bearer other\r\n',
  'Sec-Fetch-Site: cross-site\r\n',
  'Sec-Fetch-Site: none\r\n',
  'Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n',
  'Origin: null\r\n',
  'Origin: https://other.example\r\n',
  'Origin: http://127.0.0.1:8051\r\n',
  'Origin:\r\n',
  'X\x00Y: z\r\n',
  'X: \x00\r\n',
  'X: \x7f\r\n',
  'X: a\rb\r\n',
  'X: a\nb\r\n',
  '\xe9: z\r\n',
  ': z\r\n',
  'X\r\n',
  'X : y\r\n',
  '\r\n',
  '\n',
  '\r',
];

/** Pieces of requests, to be inserted anywhere. */
export const pieces: readonly string[] = [
  ...trickyLines,
  '\r\n\r\n',
  '\n\n',
  '\r\n\n',
  '\r\r\n',
  '\0',
  ' ',
  '\t',
  '\x0b',
  '\xa0',
  '\xff',
  '%',
  '%2',
  '%25',
  '%00',
  '%0d%0a',
  '%26',
  '%3d',
  '%c3%a9',
  '%ff',
  '+',
  '&',
  '&&',
  '=',
  ';',
  '#',
  '?',
  '/',
  '//',
  '/../',
  '&mode=file',
  '&range=1',
  'mode',
  'range=',
  'HTTP/1.1',
  ' HTTP/1.1\r\n',
  ' HTTP/1.0',
  ' HTTP/2.0',
  ' HTTP/0.9',
  'GET /getid?range=1&mode=file HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET ',
  'POST ',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  'ffffffffffffffffff\r\n',
  '99999999999999999999',
  '-1',
  '1e3',
  'http://',
  'http://a:80',
  '\x16\x03\x01',
  'x'.repeat(5000),
  'X: y\r\n'.repeat(50),
  'X: y\r\n'.repeat(2100),
  `X: ${'y'.repeat(17_000)}\r\n`,
];

const otherTargets: readonly string[] = [
  '/',
  '/status',
  '/status?limit=2&after=file',
  '/status?limit=x',
  '/health',
  '/metrics',
  '/openapi.json',
  '/getid',
  '/getid/?range=3&mode=file',
  '/getid/x?range=3&mode=file',
  '/nothing',
  '*',
  'http://ids.example/getid?range=2&mode=file',
  'http://ids.example:8051/getid?range=2&mode=file',
  '//getid?range=2&mode=file',
  'ids.example:443',
];

const otherMethods: readonly string[] = [
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'CONNECT',
  'get',
  'PRI',
];

/** Makes a well-formed request for a range, as a client sends it. */
export function getid(random: Random): string {
  const mode = encode(random.pick(counters).mode, random);
  const range = random.percent(5) ? 0 : random.between(1, MAX_RANGE);
  const query = random.pick([
    `range=${range}&mode=${mode}`,
    `mode=${mode}&range=${range}`,
    `_=${random.between(0, 99_999)}&mode=${mode}&range=0${range}`,
  ]);
  return `${random.pick(['GET', 'GET', 'GET', 'POST'])} /getid?${query} HTTP/1.1\r\n${headers(random)}\r\n`;
}

/** Makes a well-formed request for any path, or an unusual one; some have a body. */
export function other(random: Random): string {
  if (random.percent(30)) return withBody(random);
  const method = random.percent(60) ? 'GET' : random.pick(otherMethods);
  const target = random.percent(40) ? '/getid?range=5&mode=file' : random.pick(otherTargets);
  const version = random.percent(90)
    ? 'HTTP/1.1'
    : random.pick(['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', '']);
  return `${method} ${target} ${version}\r\n${headers(random)}\r\n`;
}

function withBody(random: Random): string {
  const method = random.pick(['POST', 'POST', 'GET', 'PUT']);
  const start = `${method} /getid?range=${random.between(1, 9)}&mode=file HTTP/1.1\r\nHost: a\r\n`;
  const body = random.pick(['hello', '', getid(random), 'x'.repeat(random.between(1, 70_000))]);
  if (random.percent(50)) return `${start}Content-Length: ${body.length}\r\n\r\n${body}`;
  const half = random.between(0, body.length);
  const chunks = [body.slice(0, half), body.slice(half)].filter((chunk) => chunk !== '');
  return `${start}Transfer-Encoding: chunked\r\n\r\n${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`;
}

function headers(random: Random): string {
  const lines = random.percent(2) ? lastRequest : random.pick(clients);
  return random.percent(7) ? `${lines}${random.pick(trickyLines)}` : lines;
}

/** Encodes a mode for a query in one of many ways. Bytes are written as latin1. */
function encode(mode: string, random: Random): string {
  const style = random.between(0, 9);
  return Array.from(Buffer.from(mode, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte);
    const plain = /[A-Za-z0-9_.~-]/.test(character);
    if (character === ' ' && style < 5) return '+';
    if (plain && !(style === 9 && random.percent(50))) return character;
    const code = byte.toString(16).padStart(2, '0');
    return `%${style % 2 === 0 ? code : code.toUpperCase()}`;
  }).join('');
}
