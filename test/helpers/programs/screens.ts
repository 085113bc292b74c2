import {waitFor, type Finished, type RunningCommand} from './cli.js';

/**
 * The patterns that tests wait for on a screen or in an announcement. They name structure, such as the mark
 * before a question: most changes of wording touch no test, and the others touch this file alone.
 */
export const screens = {
  /** A question that takes y or n; Enter alone means no. */
  yesNo: /^\? [^]*\(y\/N\)/m,
  /** The row of a counter in any table: its mode, then its number. */
  row: (mode: string, ...cells: readonly string[]): RegExp =>
    new RegExp(`^${[mode, ...cells].map((text) => escape(text)).join(' +')}(?: |$)`, 'm'),
  /** A question whose answer is a name; its text shows the name. */
  nameRequest: (name: string): RegExp => new RegExp(String.raw`^\? [^❯]*\b${escape(name)}`, 'm'),
  /** The question above a list, with the typed text at its end. */
  typed: (text: string): RegExp => new RegExp(String.raw`^\? .*${escape(text)}\n❯`, 'm'),
  /** The offer of a list to create the typed mode: the name and a remark. */
  newMode: (name: string): RegExp => new RegExp(String.raw`${escape(name)} \(.+\)`),
  /** The last row of the screen of `serve`: the key that ends it. */
  serving: /\/getid[^]*Ctrl-C/,
  /** The last line of `status --watch`: its keys, and its interval if the terminal is wide enough. */
  watching: (seconds?: number): RegExp =>
    new RegExp(
      String.raw`^q .+ · / .+ · s .+${seconds === undefined ? '' : String.raw`\b${seconds} s\b`}`,
      'm',
    ),
  /** `status --watch` during an outage: its length in seconds above the older status. */
  outage: /\b\d+ s;.*: *\n(?:Service|Database) /,
  /** `status --watch` without an outage. */
  noOutage: /^(?:Service|Database) /,
  /** The line below a table that lacks rows: how many. */
  furtherModes: /^… .*\b\d/m,
} as const;

/** A failure of a command on stderr, for people: the error and the hint, one line each. */
export const failureLines = /^\w+: .+\n\w+: +.+\n$/;

/** Returns the URL in the announcement of a service: a log record, or a screen with an example request. */
export function announcedUrl(text: string): string | undefined {
  const [, logged, shown] = /"url":"(https?:[^"]+)"|(https?:\/\/[^\s/'"]+)\/getid\b/.exec(text) ?? [];
  return logged ?? shown;
}

/** Waits for the first line on stderr: a command announces there that it waits for its database. */
export async function untilWaiting(command: RunningCommand): Promise<void> {
  await waitFor(() => (command.stderr().includes('\n') ? true : undefined), command);
}

/** A failure as `--json` prints it. */
export interface PrintedFailure {
  readonly code: string;
  readonly exit: number;
  readonly message: string;
  readonly hint?: string;
}

/** Parses the failure of a command that ran with `--json`. */
export function failureOf({stdout}: Finished): PrintedFailure {
  return (JSON.parse(stdout) as {error: PrintedFailure}).error;
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
