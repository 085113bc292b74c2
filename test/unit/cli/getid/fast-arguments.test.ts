import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parse} from '@oclif/core/parser';
import {parseFastArguments} from '../../../../src/cli/getid/fast-arguments.js';
import Getid from '../../../../src/commands/getid.js';

/** Parses the same words with oclif; `undefined` if oclif rejects them. */
async function byOclif(words: readonly string[]): Promise<Record<string, unknown> | undefined> {
  const flags = {...Getid.baseFlags, ...Getid.flags};
  try {
    const argv = words.filter((word) => word !== '--json');
    const {flags: parsed} = await parse(argv, {flags, args: {}, strict: true} as never);
    return {...(parsed as Record<string, unknown>), json: argv.length < words.length};
  } catch {
    return undefined;
  }
}

describe('the fast parser of getid', () => {
  it.each([
    ['-m file', {mode: 'file', range: '1', format: 'json', json: false}],
    ['--mode=file --range=10 --json', {mode: 'file', range: '10', format: 'json', json: true}],
    ['-m file -r 3 --format list -c x.ini', {mode: 'file', range: '3', format: 'list', config: 'x.ini'}],
    ['--existing -m file --json', {mode: 'file', existing: true, json: true}],
    ['--database sqlite:///a.db -m a=b', {database: 'sqlite:///a.db', mode: 'a=b'}],
    ['-m file --server ids:8051', {mode: 'file', server: 'ids:8051', local: false}],
    ['--local -m file', {mode: 'file', local: true}],
  ])('parses %s', (line, expected) => {
    expect(parseFastArguments(['getid', ...line.split(' ')])).toMatchObject(expected);
  });

  it.each([
    '',
    '-m',
    '-m -r',
    '--help',
    '-m file --help',
    '-m a -m b',
    '-m file --existing --existing',
    '-m file -h',
    '-mfile',
    '-m file extra',
    '-m file --',
    '-m file --rang 3',
    '--mode=',
    '-m file --format xml',
    '-m file --server http://x --database sqlite:///a.db',
    '-m file --server http://x --local',
    '-m file --local --local',
    '-m file --local=true',
  ])('leaves %j to oclif', (line) => {
    expect(parseFastArguments(['getid', ...line.split(' ').filter((word) => word !== '')])).toBeUndefined();
  });

  it('agrees with oclif on any words that it parses', async () => {
    const word = fc.constantFrom(
      '-m',
      '--mode',
      '--mode=x',
      '-r',
      '--range',
      '7',
      '--json',
      '--existing',
      '-h',
      '--format',
      'plain',
      'list',
      '--format=xml',
      '-c',
      '--config=a',
      '--database',
      '--timeout',
      '--help',
      '--',
      '',
      '-',
      'file',
      '=',
      '--mode=',
      '-mfile',
      '--server',
      '--server=a:1',
      '--local',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, {maxLength: 8}), async (words) => {
        const plain = parseFastArguments(['getid', ...words]);
        if (plain === undefined) return;
        const known = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
        expect(await byOclif(words)).toEqual(known);
      }),
      {numRuns: 3000},
    );
  });
});
