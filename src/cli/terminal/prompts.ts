import confirm from '@inquirer/confirm';
import input from '@inquirer/input';
import {visible} from '../../lib/util/visible.js';

/** Questions go to stderr: stdout is for data. */
const context = {output: process.stderr};

/** Asks a question whose answer is no unless somebody types yes. */
export function askYesNo(message: string): Promise<boolean> {
  return confirm({message: visible(message), default: false}, context);
}

/**
 * Asks for a text to be typed out, so that a hasty Enter confirms nothing. Hidden characters, which no keyboard has,
 * may be typed as they are shown.
 */
export async function askToType(message: string, expected: string): Promise<boolean> {
  const typed = await input({message: visible(message)}, context);
  return typed === expected || typed === visible(expected);
}
