import {describe, expect, it} from 'vitest';
import {redactMessage, redactServerUrl} from '../../../../src/lib/util/text/redact.js';

describe('redactServerUrl', () => {
  it.each([
    ['http://u:hush@ids.example.org:8051/a', 'http://***@ids.example.org:8051/a'],
    ['http://u:p/hush@ids.example.org', 'http://***@ids.example.org'],
    ['http://u:p@hush@[::1]:8051', 'http://***@[::1]:8051'],
    ['http://ids.example.org/a?token=hush', 'http://ids.example.org/a'],
    ['http://ids.example.org#hush', 'http://ids.example.org'],
    ['u:hush@ids.example.org', '***@ids.example.org'],
    ['http://u:hush', 'http://***'],
    ['http://u:hush@', 'http://***'],
    ['http://u%3Ahush%40ids.example.org', 'http://***'],
    ['', ''],
  ])('hides the possible secret in %j', (text, shown) => {
    expect(redactServerUrl(text)).toBe(shown);
  });

  it.each(['http://127.0.0.1:8051', 'https://ids.example.org/a/b/', 'localhost:8051', 'http://[::1]:8051'])(
    'keeps %s, which has no secret',
    (text) => {
      expect(redactServerUrl(text)).toBe(text);
    },
  );
});

describe('redactMessage', () => {
  it.each([
    ['Unexpected argument: http://u:hush@ids.example.org', 'Unexpected argument: http://***@ids.example.org'],
    ['--server=http://u:a b hush@h cannot be', '--server=http://***@h cannot be'],
    ['Unexpected argument: u:hush@h', 'Unexpected argument: ***@h'],
    ['--server=http://h/?token=hush cannot be', '--server=http://h/?*** cannot be'],
    ['Missing 1 required flag: --mode', 'Missing 1 required flag: --mode'],
  ])('hides the possible secret in %j', (text, shown) => {
    expect(redactMessage(text)).toBe(shown);
  });
});
