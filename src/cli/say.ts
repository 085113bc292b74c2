/** Writes talk: what a person wants to know and a script does not. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
