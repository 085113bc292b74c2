import {describe, expect, it} from 'vitest';
import {parseServiceUrl} from '../../../src/lib/config/service-url.js';

describe('the address of a service', () => {
  it.each([
    ['127.0.0.1:8051', 'http://127.0.0.1:8051/'],
    ['ids.example.org:8051', 'http://ids.example.org:8051/'],
    ['localhost:6000', 'http://localhost:6000/'],
    ['http:8051', 'http://http:8051/'],
    ['[::1]:8051', 'http://[::1]:8051/'],
    ['[2001:DB8::1]:8051/ids', 'http://[2001:db8::1]:8051/ids/'],
    ['http://[::1]', 'http://[::1]/'],
    ['http://ids.example.org', 'http://ids.example.org/'],
    ['HTTPS://ids.example.org/', 'https://ids.example.org/'],
    ['http://127.0.0.1:8051/getid', 'http://127.0.0.1:8051/'],
    ['127.0.0.1:8051/getid/', 'http://127.0.0.1:8051/'],
    ['https://h/pre/fix/getid', 'https://h/pre/fix/'],
    ['https://h/pre/fix', 'https://h/pre/fix/'],
    ['https://h/getid/getid', 'https://h/getid/'],
    ['https://h/forgetid', 'https://h/forgetid/'],
  ])('%s is %s', (text, url) => {
    expect(parseServiceUrl(text).href).toBe(url);
  });

  it.each([
    '',
    'host',
    'ftp://h',
    'tcp://10.0.0.11:8051',
    'http:',
    'http://',
    'http://h:x',
    'http://h:70000',
    'h:70000',
    'h:0',
    'http://h:0',
    '::1',
    '::1:8051',
    '[::1]',
    '[::1%eth0]:8051',
    'h:8051?x=1',
    'http://h#x',
    ' h:8051',
    'h :8051',
    '//h:8051',
  ])('%j is rejected', (text) => {
    expect(() => parseServiceUrl(text)).toThrow(expect.objectContaining({code: 'USAGE'}));
  });

  it.each(['me:secret@h:8051', 'http://me:secret@h:8051', 'http://h:8051/?token=secret', 'h:8051#secret'])(
    '%s is rejected without its secret',
    (text) => {
      expect(() => parseServiceUrl(text)).toThrow(
        expect.objectContaining({code: 'USAGE', message: expect.not.stringContaining('secret') as string}),
      );
    },
  );
});
