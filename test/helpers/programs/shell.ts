import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {onTestFinished} from 'vitest';
import {need} from '../run/needs.js';

/** A bash that keeps its variables, folder and background jobs from one command to the next. */
export interface Shell {
  /** @returns what it wrote on stdout and stderr, in the order in which a person would see it */
  readonly run: (command: string) => Promise<{readonly output: string; readonly status: number}>;
  /** Ends it and all that it has started. */
  readonly close: () => Promise<void>;
}

/** No command of ours takes so long, in milliseconds; whoever hangs is found. */
const LONGEST_MS = 30_000;

/** Opens a shell that ends with the test, and all that it has started with it. */
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
    // The group: background jobs too, also where the shell itself is gone.
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
      const deadline = performance.now() + LONGEST_MS;
      for (;;) {
        const match = complete.exec(written);
        if (match !== null) return {output: match[1] ?? '', status: Number(match[2])};
        if (bash.exitCode !== null || performance.now() > deadline)
          throw new Error(`${command} does not come to an end:\n${written}`);
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
    // Nothing of it is left.
  }
}
