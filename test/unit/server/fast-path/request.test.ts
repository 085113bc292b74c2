import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {FastPathReader, type FastPathRequest} from '../../../../src/lib/server/fast-path/request.js';

const read = (text: string): FastPathRequest | undefined =>
  new FastPathReader((host) => host !== 'b').read(Buffer.from(text, 'latin1'));

const plain = 'GET /getid?range=10&mode=file HTTP/1.1\r\nHost: a\r\n\r\n';

describe('the fast path', () => {
  it('reads the method, the query and the headers of a common request', () => {
    const common = {httpVersion: '1.1', isLast: false};
    expect(read(plain)).toEqual({...common, method: 'GET', query: 'range=10&mode=file', headers: {}});
    expect(
      read(
        'POST /getid?mode=%20 HTTP/1.1\r\nhost: a:1\r\nConnection: Keep-Alive\r\ncontent-length: 0\r\n' +
          'Authorization:  Bearer x \r\nReferer: r\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n',
      ),
    ).toEqual({
      ...common,
      method: 'POST',
      query: 'mode=%20',
      headers: {authorization: 'Bearer x', referer: 'r', 'user-agent': 'curl/8'},
    });
  });

  it.each([
    ['of HTTP/1.0', plain.replace('1.1', '1.0'), '1.0'],
    ['of HTTP/1.0 that says so', plain.replace('1.1\r\n', '1.0\r\nConnection: close\r\n'), '1.0'],
    ['with Connection: close', plain.replace('Host: a', 'Host: a\r\nconnection: Close'), '1.1'],
  ])('reads a request %s as the last one', (_, text, httpVersion) => {
    expect(read(text)).toMatchObject({httpVersion, isLast: true});
  });

  it('reads the version of each request, also with the headers of the last one', () => {
    const reader = new FastPathReader(() => true);
    for (const version of ['1.1', '1.0', '1.1'])
      expect(reader.read(Buffer.from(plain.replace('1.1', version)))).toMatchObject({
        httpVersion: version,
        isLast: version === '1.0',
      });
  });

  it('distinguishes requests with the same beginning', () => {
    const reader = new FastPathReader(() => true);
    const ask = (text: string): FastPathRequest | undefined => reader.read(Buffer.from(text));
    expect(ask(plain)?.headers.authorization).toBeUndefined();
    expect(
      ask('GET /getid?range=10&mode=file HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\n\r\n')?.headers,
    ).toMatchObject({authorization: 'b'});
    expect(ask(plain)?.headers.authorization).toBeUndefined();
  });

  it.each([
    ['another path', plain.replace('getid?', 'getid/?')],
    ['another method', plain.replace('GET', 'HEAD')],
    ['a method in small letters', plain.replace('GET', 'get')],
    ['HTTP/1.0 that stays open', plain.replace('1.1\r\n', '1.0\r\nConnection: keep-alive\r\n')],
    ['HTTP/1.2', plain.replace('1.1', '1.2')],
    ['no version', plain.replace(' HTTP/1.1', '')],
    ['a space in the query', plain.replace('&', ' &')],
    ['a fragment', plain.replace('&', '#')],
    ['a byte beyond ASCII in the query', plain.replace('file', 'fil\xe9')],
    ['a control character in the query', plain.replace('file', 'fil\x01')],
    ['no Host', plain.replace('Host: a\r\n', '')],
    ['two Hosts', plain.replace('Host: a', 'Host: a\r\nHOST: b')],
    ['a bare line feed', plain.replace('\r\nHost', '\nHost')],
    ['a bare carriage return', plain.replace('Host: a', 'Host: a\rX: b')],
    ['a folded line', plain.replace('Host: a', 'Host: a\r\n b')],
    ['a space before the colon', plain.replace('Host:', 'Host :')],
    ['a line without a colon', plain.replace('Host: a', 'Host: a\r\nX')],
    ['a body', plain.replace('Host: a', 'Host: a\r\nContent-Length: 5')],
    ['a length that is no number', plain.replace('Host: a', 'Host: a\r\nContent-Length: +0')],
    ['two lengths', plain.replace('Host: a', 'Host: a\r\nContent-Length: 0\r\nContent-Length: 0')],
    ['a chunked body', plain.replace('Host: a', 'Host: a\r\nTransfer-Encoding: chunked')],
    ['two kinds of connection', plain.replace('Host: a', 'Host: a\r\nConnection: keep-alive, close')],
    ['an upgrade', plain.replace('Host: a', 'Host: a\r\nConnection: upgrade\r\nUpgrade: h2c')],
    ['an expectation', plain.replace('Host: a', 'Host: a\r\nExpect: 100-continue')],
    ['a prefetch', plain.replace('Host: a', 'Host: a\r\nSec-Purpose: prefetch')],
    ['an Origin', plain.replace('Host: a', 'Host: a\r\nOrigin: http://a')],
    ['a Sec-Fetch-Site', plain.replace('Host: a', 'Host: a\r\nSEC-FETCH-SITE: none')],
    ['a host that is not allowed', plain.replace('Host: a', 'Host: b')],
    ['a missing end', plain.slice(0, -1)],
    ['a second request', plain + plain],
    ['bytes after its end', `${plain}x`],
    ['no bytes', ''],
    ['very long headers', plain.replace('Host: a', `Host: a\r\nX: ${'x'.repeat(5000)}`)],
  ])('leaves a request with %s to node:http', (_, text) => {
    expect(read(text)).toBeUndefined();
  });

  it('reads from any bytes only one complete request, exactly as sent', () => {
    const bytes = fc.array(
      fc.oneof(
        fc.constantFrom(
          'GET /getid?',
          'a=b',
          ' HTTP/1.1\r\n',
          'Host: a\r\n',
          '\r\n',
          ': ',
          '\n',
          ' ',
          '\0',
          '\xff',
        ),
        fc.string({maxLength: 4, unit: 'binary-ascii'}),
      ),
      {maxLength: 12},
    );
    fc.assert(
      fc.property(bytes, (parts) => {
        const text = parts.join('');
        const request = read(text);
        if (request === undefined) return;
        expect(text.startsWith(`${request.method} /getid?${request.query} HTTP/1.1\r\n`)).toBe(true);
        expect(text.indexOf('\r\n\r\n')).toBe(text.length - 4);
        expect(text).toMatch(/\r\nhost:/i);
      }),
      {numRuns: 2000},
    );
  });
});
