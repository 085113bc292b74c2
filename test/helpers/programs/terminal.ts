import {execFile} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {onTestFinished} from 'vitest';
import {need} from '../run/needs.js';
import {root} from '../folders/workspace.js';

const run = promisify(execFile);

/** A command in a real terminal (tmux). */
export interface Terminal {
  /** Waits until the screen or its scrollback shows a text, and returns all of it. */
  readonly shows: (what: RegExp | string) => Promise<string>;
  /** Types text, or presses keys by their tmux names (`Enter`, `C-c`). */
  readonly type: (text: string) => Promise<void>;
  readonly press: (key: string) => Promise<void>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** Returns the screen, one string per row as drawn; `shows` joins wrapped rows. */
  readonly rows: () => Promise<readonly string[]>;
  /** Returns the colours and other escapes on the screen. */
  readonly escapes: () => Promise<readonly string[]>;
  /** Closes the terminal while the command runs, as closing a window does. */
  readonly close: () => Promise<void>;
  /** Waits for the end of the command, and returns its exit status. */
  readonly ended: () => Promise<number>;
  /** Sends a signal to the command. */
  readonly signal: (name: NodeJS.Signals) => Promise<void>;
  /** Returns the state of the terminal that a command must restore. */
  readonly state: () => Promise<TerminalState>;
}

export interface TerminalState {
  /** True on the alternate screen. */
  readonly isAlternate: boolean;
  readonly hasCursor: boolean;
  /** True if the terminal delivers single keys without an echo. */
  readonly isRaw: boolean;
}

/** The state of a terminal before and after every command. */
export const usualState: TerminalState = {isAlternate: false, hasCursor: true, isRaw: false};

export interface TerminalOptions {
  readonly cwd: string;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A file in place of the keyboard. */
  readonly input?: string;
  /** Another program than the compiled command line, with its first arguments. */
  readonly program?: readonly string[];
}

/** Runs the compiled command line, or another program, in a new terminal. */
export async function openTerminal(
  args: readonly string[],
  {cwd, columns = 80, env, input, program = [process.execPath, join(root, 'bin', 'run.js')]}: TerminalOptions,
): Promise<Terminal> {
  need('tmux');
  const socket = `uniqueid-${randomUUID()}`;
  const tmux = async (...rest: string[]): Promise<string> =>
    (await run('tmux', ['-L', socket, '-f', '/dev/null', ...rest])).stdout;
  const own = {PATH: process.env['PATH'] ?? '', HOME: cwd, TERM: 'xterm-256color', CI: '', ...env};
  const variables = Object.entries(own).map(([name, value]) => `${name}=${quote(value)}`);
  const command = [...program, ...args].map(quote).join(' ');
  const redirection = input === undefined ? '' : ` <${quote(input)}`;
  const shell = `env -i ${variables.join(' ')} ${command}${redirection}; echo "[exit $?]"; sleep 600`;
  await tmux('new-session', '-d', '-x', String(columns), '-y', '50', '-c', cwd, shell);
  onTestFinished(async () => {
    // If the test has closed the terminal, tmux has ended already.
    await tmux('kill-server').catch(() => undefined);
  });
  const shows = async (what: RegExp | string): Promise<string> => {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const screen = await tmux('capture-pane', '-p', '-J', '-S', '-');
      if (typeof what === 'string' ? screen.includes(what) : what.test(screen)) return screen.trimEnd();
      if (performance.now() > deadline)
        throw new Error(`the screen never showed ${String(what)}:\n${screen}`);
      await sleep(30);
    }
  };
  return {
    shows,
    type: async (text) => {
      await tmux('send-keys', '-l', text);
    },
    press: async (key) => {
      await tmux('send-keys', key);
    },
    resize: async (width, height) => {
      await tmux('resize-window', '-x', String(width), '-y', String(height));
    },
    rows: async () => (await tmux('capture-pane', '-p')).trimEnd().split('\n'),
    escapes: async () =>
      [...(await tmux('capture-pane', '-p', '-e')).matchAll(/\x1b\[[^a-zA-Z]*[a-zA-Z]/g)].map(
        ([escape]) => escape,
      ),
    signal: async (name) => {
      const shellId = (await tmux('display-message', '-p', '#{pane_pid}')).trim();
      const {stdout} = await run('pgrep', ['-P', shellId]);
      process.kill(Number(stdout), name);
    },
    state: async () => {
      const [alternate, cursor, tty = ''] = (
        await tmux('display-message', '-p', '#{alternate_on} #{cursor_flag} #{pane_tty}')
      )
        .trim()
        .split(' ');
      const {stdout} = await run('stty', ['-F', tty, '-a']);
      const isRaw = / -icanon\b/.test(stdout) && / -echo\b/.test(stdout);
      return {isAlternate: alternate === '1', hasCursor: cursor === '1', isRaw};
    },
    close: async () => {
      await tmux('kill-server');
    },
    ended: async () => Number(/\[exit (\d+)\]/.exec(await shows(/\[exit \d+\]/))?.[1]),
  };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
