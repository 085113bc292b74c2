import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {root} from '../folders/workspace.js';

/** Runs a program of `verification/` to its end; its output is that of both streams. */
export async function runVerification(
  program: string,
  args: readonly string[],
): Promise<{status: number; output: string}> {
  const child = spawn(process.execPath, ['--import', 'tsx', `verification/${program}`, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [status] = (await once(child, 'close')) as [number];
  return {status, output};
}
