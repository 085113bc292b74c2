import {describe, expect, it} from 'vitest';
import {wrapWords} from '../../../../src/cli/terminal/wrap-words.js';

describe('wrapWords', () => {
  it.each([
    ['one two three', 7, ['one two', 'three']],
    ['one two three', 13, ['one two three']],
    ['one two three', undefined, ['one two three']],
    ['see http://127.0.0.1:8051/getid there', 10, ['see', 'http://127.0.0.1:8051/getid', 'there']],
    ['\u001B[31mone\u001B[39m two', 7, ['\u001B[31mone\u001B[39m two']],
    ['Файл Файл', 9, ['Файл Файл']],
    ['', 10, ['']],
  ])('wraps %j at %s columns', (text, width, lines) => {
    expect(wrapWords(text, width)).toEqual(lines);
  });
});
