import {chownSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'vitest';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {startProgram} from '../../helpers/programs/cli.js';
import {needs} from '../../helpers/run/needs.js';

const USER = 4711;

/**
 * Becomes a user without an account, who may read every file: the clone may be in a folder of root. The real
 * user stays root, because `access` ignores the capability otherwise.
 */
const asUser = [
  ...[`--euid=${USER}`, `--egid=${USER}`, '--clear-groups'],
  ...['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'],
];

needs('root').it('runs every command as a user ID without an account', async () => {
  const cwd = makeWorkspace();
  chownSync(cwd, USER, USER);
  for (const [command, unset] of [
    ['dbsync', ['SHELL']],
    ['status', ['SHELL', 'HOME']],
    ['getid -m file', ['SHELL', 'HOME']],
    ['reset -m file --by 1 --yes', ['SHELL', 'HOME']],
    ['--help', ['SHELL', 'HOME']],
  ] as const) {
    const variables = ['env', ...unset.flatMap((name) => ['-u', name])];
    const program = [process.execPath, join(root, 'bin', 'run.js'), ...command.split(' ')];
    const {status, stderr} = await startProgram('setpriv', [...asUser, ...variables, ...program], {cwd})
      .finished;
    expect(status, `${command}: ${stderr}`).toBe(0);
  }
});
