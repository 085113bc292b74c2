import {homedir} from 'node:os';

/**
 * Sets `HOME` and `SHELL` if they are unset and no account could supply them. A container may run as a user
 * ID without an account (`docker run --user`, Kubernetes' `runAsUser`). Node throws there when oclif or a
 * package asks for the home folder or the shell.
 */
export function assumeUserVariables(): void {
  // Nothing uses it, but without it oclif looks up the account.
  process.env['SHELL'] ??= '/bin/sh';
  try {
    homedir();
  } catch {
    // The value that Docker sets.
    process.env['HOME'] = '/';
  }
}
