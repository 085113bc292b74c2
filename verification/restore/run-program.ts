import {execFile} from 'node:child_process';
import {promisify} from 'node:util';

interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The text of its stdin. */
  readonly input?: string;
}

/** Runs a program to its end. @throws Error with its output if it fails */
export async function runProgram(
  program: string,
  args: readonly string[],
  {env = {}, input = ''}: ProgramOptions = {},
): Promise<void> {
  const running = promisify(execFile)(program, [...args], {env: {...process.env, ...env}});
  // A program that fails does not read the rest.
  running.child.stdin?.on('error', () => undefined).end(input);
  await running;
}
