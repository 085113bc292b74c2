import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {announcedUrls} from './cli.js';
import {need} from '../run/needs.js';
import {root} from '../folders/workspace.js';

/** A `serve` on an inherited socket. */
export interface ActivatedService {
  readonly pid: number;
  /** The exit status; negative for a signal. */
  readonly ended: Promise<number>;
}

/** A process that holds a listening socket, as systemd does, and starts servers on it. */
export interface SocketHolder {
  readonly url: string;
  /** Starts a server, and waits until it announces itself. */
  readonly start: () => Promise<ActivatedService>;
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
  let log = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const events: string[] = [];
  createInterface({input: holder.stdout}).on('line', (line) => events.push(line));

  /** Waits until `look` returns a value; throws if the holder or the server with `pid` ends first. */
  const until = async <T>(look: () => T | undefined, pid?: string): Promise<T> => {
    for (;;) {
      const seen = look();
      if (seen !== undefined) return seen;
      const hasEnded = pid !== undefined && events.some((line) => line.startsWith(`ended ${pid} `));
      if (hasEnded || holder.exitCode !== null) throw new Error(`${events.join('; ')}\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const textAfter = (beginning: string): string | undefined =>
    events.find((line) => line.startsWith(beginning))?.slice(beginning.length);

  const port = await until(() => textAfter('listening '));
  let started = 0;
  return {
    url: `http://127.0.0.1:${port}`,
    start: async () => {
      const before = events.length;
      holder.stdin.write('start\n');
      started++;
      const pid = await until(() =>
        events
          .slice(before)
          .find((line) => line.startsWith('started '))
          ?.slice('started '.length),
      );
      await until(() => (announcedUrls(log).length >= started ? true : undefined), pid);
      return {pid: Number(pid), ended: until(() => textAfter(`ended ${pid} `)).then(Number)};
    },
  };
}
