import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, realpathSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** A temporary folder that is removed when its process ends, even by Ctrl-C or SIGKILL. */
export interface GuardedFolder {
  readonly path: string;
  /** Replaces the list of processes to kill before the folder is removed. */
  readonly watch: (...pids: readonly (number | undefined)[]) => void;
  readonly remove: () => Promise<void>;
}

/** @param within the parent folder; the default is that for temporary files */
export function makeGuardedFolder(name: string, within = tmpdir()): GuardedFolder {
  const path = realpathSync(mkdtempSync(join(within, `uniqueid-${name}-`)));
  const guard = spawn(process.execPath, [fileURLToPath(new URL('guard.js', import.meta.url)), path], {
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
  });
  return {
    path,
    watch: (...pids) => {
      guard.stdin.write(`${pids.filter((pid) => pid !== undefined).join(' ')}\n`);
    },
    remove: async () => {
      guard.stdin.end();
      await once(guard, 'exit');
    },
  };
}
