import {execFile} from 'node:child_process';
import {promisify} from 'node:util';

/** Runs a program to its end. @throws Error with its output if it fails */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await promisify(execFile)(program, [...args], {env: {...process.env, ...env}});
}
