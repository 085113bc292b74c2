import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {cli, startServer} from '../helpers/cli.js';
import {ask} from '../helpers/http.js';
import {makeWorkspace, root} from '../helpers/workspace.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** Commands of the console blocks and the output below each. */
function examples(): readonly {command: string; output: string}[] {
  const blocks = [...readme.matchAll(/```console\n([^]*?)```/g)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = '', ...output] = text.split('\n');
        return {command, output: output.join('\n')};
      }),
  );
}

it('the commands of the README print what it says', async () => {
  const cwd = makeWorkspace();
  const shown = examples();
  expect(shown.filter(({command}) => command.startsWith('uniqueid '))).toHaveLength(5);
  for (const {command, output} of shown) {
    const [program, ...args] = command.split(' ');
    if (program === 'uniqueid') {
      const {status, stdout} = await cli(args, {cwd});
      const steady = stdout.replaceAll(/\S+Z \S+@\S+ moved/g, '2026-11-24T09:30:00.000Z ann@archive moved');
      expect({command, status, stdout: steady}).toEqual({command, status: 0, stdout: output});
    } else {
      const {url} = await startServer([], {cwd});
      const path = /^curl 'http:\/\/127\.0\.0\.1:8051(.+)'$/.exec(command)?.[1] ?? '';
      expect(`${(await ask(url, path)).body}\n`).toBe(output);
    }
  }
});

it('the library example of the README runs', async () => {
  const cwd = makeWorkspace();
  const program = /```js\n([^]*?)```/.exec(readme)?.[1] ?? '';
  const {execFileSync} = await import('node:child_process');
  const {pathToFileURL} = await import('node:url');
  const source = program.replace(
    `'uniqueid'`,
    JSON.stringify(pathToFileURL(join(root, 'dist', 'index.js')).href),
  );
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', source], {cwd, encoding: 'utf8'})).toBe(
    '{"endIndex": 9, "startIndex": 0}\n',
  );
});

it('the README lists every exit status and every command', () => {
  for (const status of [0, 1, 2, 3, 4, 5, 6, 7]) expect(readme).toMatch(new RegExp(`\\| +${status} \\|`));
  for (const command of ['getid', 'serve', 'dbsync', 'status', 'reset', 'completion'])
    expect(readme).toContain(`\`uniqueid ${command}\``);
});
