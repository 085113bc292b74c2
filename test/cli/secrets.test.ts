import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {startCli, waitFor} from '../helpers/cli.js';
import {makeWorkspace} from '../helpers/workspace.js';

/** Commands that wait for a database or a service which is not there, with a secret among their words. */
const lines: readonly (readonly string[])[] = [
  ['getid', '-m', 'file', '--database', 'postgresql://u:hush-hush@127.0.0.1:1/x'],
  ['serve', '--port', '0', '--database=mysql://u:hush-hush@127.0.0.1:1/x'],
  ['dbsync', '--from', 'postgresql://u:hush-hush@127.0.0.1:1/x'],
  ['status', '--watch', '1', '--server', 'http://127.0.0.1:1', '--token', 'hush-hush'],
];

describe.runIf(process.platform === 'linux')('a secret on the command line', () => {
  it.each(lines)('is not shown by ps, nor said: %s %s %s %s', async (...line) => {
    const command = startCli(line, {cwd: makeWorkspace()});
    await waitFor(() => (/did not answer|Attempt 1/.test(command.stderr()) ? true : undefined), command);
    // What ps shows.
    const shown = readFileSync(`/proc/${String(command.process.pid)}/cmdline`, 'utf8');
    expect(shown).toContain(`uniqueid ${line[0]}`);
    expect(shown + command.stderr() + command.stdout()).not.toContain('hush-hush');
  });
});
