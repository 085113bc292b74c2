import confirm from '@inquirer/confirm';
import input from '@inquirer/input';

/** Questions go to stderr: stdout is for data. */
const context = {output: process.stderr};

/** Asks a question whose answer is no unless somebody types yes. */
export function askYesNo(message: string): Promise<boolean> {
  return confirm({message, default: false}, context);
}

/** Asks for a text to be typed out, so that a hasty Enter confirms nothing. */
export async function askToType(message: string, expected: string): Promise<boolean> {
  return (await input({message}, context)) === expected;
}
