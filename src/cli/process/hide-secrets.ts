import {visible} from '../../lib/util/visible.js';

/** A URL with a password in it. */
const withPassword = /:\/\/[^/:]*:[^/]*@/;

/**
 * Puts the program's name in the place of a command line that holds a password or a token: "ps" shows the command
 * lines of all users. The moment before this remains, which is why the environment and files are safer.
 */
export function hideSecrets(argv: readonly string[]): void {
  const isSecret = argv.some((word) => withPassword.test(word) || word.startsWith('--token'));
  if (isSecret) process.title = `uniqueid ${visible(argv[0] ?? '')}`;
}
