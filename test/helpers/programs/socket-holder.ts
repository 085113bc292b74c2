import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {need} from '../run/needs.js';
import {root} from '../folders/workspace.js';

/** A `serve` on a socket that was handed to it. */
export interface ActivatedService {
  readonly pid: number;
  /** The exit status; negative for a signal. */
  readonly ended: Promise<number>;
}

/** A process that holds a listening socket, as systemd does, and starts services on it one after the other. */
export interface SocketHolder {
  readonly url: string;
  /** Starts a service, and waits until it says that it answers. */
  readonly start: () => Promise<ActivatedService>;
  /** All that the services have said. */
  readonly said: () => string;
}

/** @param args further arguments of `serve` */
export async function holdSocket(
  args: readonly string[],
  {cwd, env}: {readonly cwd: string; readonly env?: Readonly<Record<string, string>>},
): Promise<SocketHolder> {
  need('python3');
  const script = join(root, 'test', 'helpers', 'programs', 'socket-holder.py');
  const command = [process.execPath, join(root, 'bin', 'run.js'), 'serve', ...args];
  const holder = spawn('python3', [script, ...command], {
    cwd,
    env: {PATH: process.env['PATH'], HOME: cwd, ...env},
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    holder.stdin.end();
  });
  let said = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const told: string[] = [];
  createInterface({input: holder.stdout}).on('line', (line) => told.push(line));

  /** Waits for something that the holder or a service says, unless the service has ended without. */
  const until = async <T>(look: () => T | undefined, pid?: string): Promise<T> => {
    for (;;) {
      const seen = look();
      if (seen !== undefined) return seen;
      const hasEnded = pid !== undefined && told.some((line) => line.startsWith(`ended ${pid} `));
      if (hasEnded || holder.exitCode !== null) throw new Error(`${told.join('; ')}\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const wordAfter = (beginning: string): string | undefined =>
    told.find((line) => line.startsWith(beginning))?.slice(beginning.length);

  const port = await until(() => wordAfter('listening '));
  let started = 0;
  return {
    url: `http://127.0.0.1:${port}`,
    said: () => said,
    start: async () => {
      const before = told.length;
      holder.stdin.write('start\n');
      started++;
      const pid = await until(() =>
        told
          .slice(before)
          .find((line) => line.startsWith('started '))
          ?.slice('started '.length),
      );
      await until(() => (said.split('answers at').length > started ? true : undefined), pid);
      return {pid: Number(pid), ended: until(() => wordAfter(`ended ${pid} `)).then(Number)};
    },
  };
}
