import {visible} from '../../lib/util/text/visible.js';

/** Returns whether a word can be a URL with a user, a password, or a token in its query. */
function isSecretUrl(word: string): boolean {
  if (!word.includes(':')) return false;
  return word.includes('@') || (word.includes('?') && /^(?:--[a-z-]+=)?https?:/i.test(word));
}

/**
 * Replaces a command line that holds a password or a token by the program's name, because `ps` shows it to
 * all users. The secret is visible until this call; the environment and files are safer.
 */
export function hideSecrets(argv: readonly string[]): void {
  const isSecret = argv.some((word) => isSecretUrl(word) || word.startsWith('--token'));
  const [command = ''] = argv;
  if (isSecret) process.title = `uniqueid ${isSecretUrl(command) ? '' : visible(command)}`;
}
