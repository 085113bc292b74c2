import confirm from '@inquirer/confirm';
import input from '@inquirer/input';
import {visible} from '../../lib/util/visible.js';

/** Questions go to stderr: stdout is for data. */
const context = {output: process.stderr};

/** Asks a question; Enter alone means no. */
export function askYesNo(message: string): Promise<boolean> {
  return confirm({message: visible(message), default: false}, context);
}

/**
 * Asks for a typed text, so that a hasty Enter confirms nothing. Accepts hidden characters in their
 * visible form, because no keyboard has them.
 */
export async function askToType(message: string, expected: string): Promise<boolean> {
  const typed = await input({message: visible(message)}, context);
  return typed === expected || typed === visible(expected);
}
