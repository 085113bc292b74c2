import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {CommandEnd} from './arena.js';
import {commandLine} from './serve-process.js';

/** Runs `uniqueid` to its end, in a folder that is also its home. */
export async function runCommand(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<CommandEnd> {
  const child = spawn(process.execPath, [commandLine, ...args], {
    cwd,
    env: {PATH: process.env['PATH'], HOME: cwd, ...env},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = {stdout: '', stderr: ''};
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await once(child, 'close');
  clearTimeout(late);
  return {status: child.exitCode, ...output};
}
