import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {describe, expect, it} from 'vitest';
import {needs, noteMissing, type Need} from '../helpers/run/needs.js';
import {root} from '../helpers/folders/workspace.js';

/** Any other would do; a fixed one makes a failure easy to repeat. */
const SEED = '20';

const kinds: readonly {kind: string; need?: Need}[] = [
  {kind: 'sqlite'},
  {kind: 'postgresql', need: 'postgresql'},
  {kind: 'mariadb', need: 'mariadb'},
];

async function torture(...args: readonly string[]): Promise<{status: number; output: string}> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'verification/torture/torture.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [status] = (await once(child, 'close')) as [number];
  return {status, output};
}

describe.each(kinds)('the short torture of $kind', ({kind, need}) => {
  needs(...(need === undefined ? [] : [need])).it.each([1, 4])(
    'with %i servers strikes with every fault, and finds no integer issued twice and no unexplained gap',
    async (servers) => {
      const {status, output} = await torture(
        ...['--once', '--kind', kind, '--servers', String(servers), '--seed', SEED],
      );
      // The output tells all that was done and found.
      expect({status, output}).toEqual({
        status: 0,
        output: expect.stringContaining('nothing wrong') as string,
      });
      for (const line of output.split('\n').filter((text) => text.startsWith('SKIPPED'))) {
        noteMissing(`a fault of the torture (${line})`);
        // What needs rights that a container may lack is skipped, what needs a package is not.
        if (process.env['CI'] === 'true') expect(line).not.toContain('Debian package');
      }
    },
    300_000,
  );
});

it('the torture says what it knows when it is asked for something else', async () => {
  const {status, output} = await torture('--minutes', '1', '--faults', 'meteorite');
  expect(status).toBe(2);
  expect(output).toContain('unknown fault "meteorite"');
  expect(output).toContain('process of one connection killed');
});
