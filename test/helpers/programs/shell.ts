import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {onTestFinished} from 'vitest';
import {need} from '../run/needs.js';

/** A bash that keeps its variables, folder and background jobs between commands. */
export interface Shell {
  /** @returns its output on stdout and stderr, in the order in which a person would see it */
  readonly run: (command: string) => Promise<{readonly output: string; readonly status: number}>;
  /** Ends the shell and all processes that it has started. */
  readonly close: () => Promise<void>;
}

/** A command that takes longer hangs. */
const COMMAND_TIMEOUT_MS = 30_000;

/** Opens a shell that ends with the test, together with all that it has started. */
export function openShell(cwd: string, env: Readonly<Record<string, string>>): Shell {
  need('bash');
  const bash = spawn('bash', ['--norc', '--noprofile'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let written = '';
  let seen = (): void => undefined;
  for (const stream of [bash.stdout, bash.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      written += text;
      seen();
    });
  const ended = once(bash, 'exit').then(() => {
    seen();
  });
  bash.stdin.write('exec 2>&1\n');
  const close = async (): Promise<void> => {
    // The whole group: background jobs remain even if the shell has ended.
    if (bash.pid !== undefined) killGroup(bash.pid);
    await ended;
  };
  onTestFinished(close);
  return {
    close,
    run: async (command) => {
      const mark = `end-${randomUUID()}`;
      const complete = new RegExp(`^([^]*)\n${mark} (\\d+)\n$`);
      written = '';
      bash.stdin.write(`{ ${command}\n} </dev/null; printf '\\n%s %s\\n' ${mark} $?\n`);
      const deadline = performance.now() + COMMAND_TIMEOUT_MS;
      for (;;) {
        const match = complete.exec(written);
        if (match !== null) return {output: match[1] ?? '', status: Number(match[2])};
        if (bash.exitCode !== null || performance.now() > deadline)
          throw new Error(`${command} does not end:\n${written}`);
        await new Promise<void>((resolve) => {
          seen = resolve;
          setTimeout(resolve, 200);
        });
      }
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has ended.
  }
}
